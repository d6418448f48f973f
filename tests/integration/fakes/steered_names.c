// Preloaded into a program: its name look-ups are answered from the file that STEERED_NAMES names, as it stands at that
// moment. A line is a name and its addresses in order. A word in place of an address is a fault: `unknown`, `again`
// (the name server fails), `waits` (no answer until the line changes). Names that are not there are unknown.
#define _GNU_SOURCE
#include <netdb.h>

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef int look_up(const char*, const char*, const struct addrinfo*, struct addrinfo**);

static int is_address(const char* text) { return strpbrk(text, ".:") != NULL; }

static int find_line(const char* name, char* line, int size) {
    FILE* file = fopen(getenv("STEERED_NAMES"), "r");
    if (file == NULL) return 0;
    const size_t length = strlen(name);
    int found = 0;
    while (!found && fgets(line, size, file) != NULL)
        found = strncmp(line, name, length) == 0 && line[length] == ' ';
    fclose(file);
    return found;
}

int getaddrinfo(const char* node, const char* service, const struct addrinfo* hints, struct addrinfo** result) {
    look_up* const real = (look_up*)dlsym(RTLD_NEXT, "getaddrinfo");
    const int numeric = hints != NULL && (hints->ai_flags & AI_NUMERICHOST) != 0;
    if (node == NULL || numeric || strchr(node, ':') != NULL || strspn(node, "0123456789.") == strlen(node))
        return real(node, service, hints, result);

    char line[1024];
    while (find_line(node, line, sizeof line) && strstr(line, " waits") != NULL)
        usleep(10000);
    if (!find_line(node, line, sizeof line)) return EAI_NONAME;

    struct addrinfo wanted = {0};
    if (hints != NULL) wanted = *hints;
    wanted.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV;
    struct addrinfo** last = result;
    *result = NULL;
    char* rest = NULL;
    strtok_r(line, " \n", &rest);
    for (char* word; (word = strtok_r(NULL, " \n", &rest)) != NULL;) {
        if (strcmp(word, "again") == 0) return EAI_AGAIN;
        if (!is_address(word)) return EAI_NONAME;
        const int problem = real(word, service, &wanted, last);
        if (problem != 0) return problem;
        while (*last != NULL)
            last = &(*last)->ai_next;
    }
    return *result == NULL ? EAI_NONAME : 0;
}
