#include "gateway/cli/cli.hpp"

int main(int argc, char** argv) { return gateway::cli::run(argc, argv); }
