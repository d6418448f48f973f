#include "command.hpp"
#include "gateway/runtime/serve.hpp"

namespace gateway::cli {

int run_gateway(const command& self, const std::vector<std::string>& words, const streams& io) {
    std::string config;
    po::options_description known("Options");
    known.add_options()("config", po::value(&config)->required()->value_name("FILE"),
                        "the configuration, gateway.yaml");
    if (!read_options(self, known, words, io)) return done;
    return runtime::serve(config);
}

}  // namespace gateway::cli
