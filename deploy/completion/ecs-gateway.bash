# bash completion for ecs-gateway(8)
_ecs_gateway() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} options
    case $before in
        --config|--body|--secret-key-file|--security-token-file) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
        --method) mapfile -t COMPREPLY < <(compgen -W 'GET POST' -- "$word"); return ;;
        --algorithm) mapfile -t COMPREPLY < <(compgen -W 'SDK-HMAC-SHA256 V11-HMAC-SHA256' -- "$word"); return ;;
    esac
    case ${COMP_WORDS[1]} in
        run) options='--config --help' ;;
        check) options='--config --online --help' ;;
        explain) options='--config --caller --method --path --body --help' ;;
        sign) options='--access-key --secret-key-file --method --url --header --body --date --security-token-file
                       --algorithm --region --service --json --help' ;;
        hash-key|version) options='--help' ;;
        *) options='run check explain sign hash-key version --help' ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
}
complete -o filenames -F _ecs_gateway ecs-gateway
