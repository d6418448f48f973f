#include "process_log.hpp"

#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#include <sys/stat.h>

#include <memory>
#include <utility>

#include "gateway/base/escape.hpp"
#include "gateway/config/load.hpp"

namespace gateway::runtime {

spdlog::level::level_enum level_of(config::log_level level) {
    switch (level) {
        case config::log_level::trace:
            return spdlog::level::trace;
        case config::log_level::debug:
            return spdlog::level::debug;
        case config::log_level::info:
            return spdlog::level::info;
        case config::log_level::warn:
            return spdlog::level::warn;
        case config::log_level::error:
            return spdlog::level::err;
    }
    return spdlog::level::info;
}

void log_to_stderr() {
    auto logger = std::make_shared<spdlog::logger>("ecs-gateway", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%fZ %l %v", spdlog::pattern_time_type::utc);
    spdlog::set_default_logger(std::move(logger));
}

void report(const std::vector<config::problem>& problems, const std::string& file) {
    for (const auto& problem : problems) {
        const std::string text = config::describe(problem, file);
        problem.warning ? spdlog::warn("{}", text) : spdlog::error("{}", text);
    }
}

bool is_discarded(int descriptor) {
    struct stat output {};
    struct stat null {};
    return ::fstat(descriptor, &output) == 0 && ::stat("/dev/null", &null) == 0 && S_ISCHR(output.st_mode) &&
           output.st_rdev == null.st_rdev;
}

std::string log_text(std::string_view text) {
    std::string escaped;
    append_json_text(escaped, text);
    return escaped;
}

}  // namespace gateway::runtime
