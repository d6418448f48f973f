# bash completion for ecs-gateway(8)
_ecs_gateway() {
    local word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} options
    case $before in
        --config|--to|--body|--secret-key-file|--security-token-file) mapfile -t COMPREPLY < <(compgen -f -- "$word"); return ;;
        --state) mapfile -t COMPREPLY < <(compgen -W 'sending unknown accepted awaiting_payment succeeded failed cancelled refused
                 not_applied not_sent not_known' -- "$word"); return ;;
        --as) mapfile -t COMPREPLY < <(compgen -W 'succeeded failed cancelled not_applied' -- "$word"); return ;;
        --method) mapfile -t COMPREPLY < <(compgen -W 'GET POST' -- "$word"); return ;;
        --algorithm) mapfile -t COMPREPLY < <(compgen -W 'SDK-HMAC-SHA256 V11-HMAC-SHA256' -- "$word"); return ;;
    esac
    if [[ $COMP_CWORD -eq 2 ]]; then
        case ${COMP_WORDS[1]} in
            changes) mapfile -t COMPREPLY < <(compgen -W 'list show resolve export' -- "$word"); return ;;
            ledger) mapfile -t COMPREPLY < <(compgen -W 'check backup copy' -- "$word"); return ;;
        esac
    fi
    case "${COMP_WORDS[1]} ${COMP_WORDS[2]-}" in
        'changes list') options='--config --state --account --server --since --limit --json --help' ;;
        'changes show') options='--config --json --help' ;;
        'changes resolve') options='--config --as --reason --json --help' ;;
        'changes export') options='--config --since --until --json --help' ;;
        'ledger check') options='--config --migrate --json --help' ;;
        'ledger copy') options='--to --config --json --help' ;;
        'ledger backup') mapfile -t COMPREPLY < <(compgen -f -W '--config --json --help' -- "$word"); return ;;
    esac
    [[ ${options-} ]] || case ${COMP_WORDS[1]} in
        run) options='--config --help' ;;
        check) options='--config --online --help' ;;
        explain) options='--config --caller --method --path --body --help' ;;
        freeze) options='--config --account --caller --server --operation --reason --until --json --help' ;;
        unfreeze|freezes) options='--config --json --help' ;;
        sign) options='--access-key --secret-key-file --method --url --header --body --date --security-token-file
                       --algorithm --region --service --json --help' ;;
        hash-key|version) options='--help' ;;
        *) options='run check explain changes freeze unfreeze freezes ledger sign hash-key version --help' ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$options" -- "$word")
}
complete -o filenames -F _ecs_gateway ecs-gateway
