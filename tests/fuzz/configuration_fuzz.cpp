// The configuration: whatever stands in the file, reading it ends with values or problems, and values without a problem
// are a policy that decides.
#include <string_view>

#include "gateway/config/load.hpp"
#include "gateway/policy/rules.hpp"
#include "must.hpp"

using namespace gateway;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const auto read = config::parse({reinterpret_cast<const char*>(data), size}, "gateway.yaml");
    for (const auto& problem : read.problems) {
        MUST(!problem.message.empty());
        MUST(!config::describe(problem, "gateway.yaml").empty());
    }
    if (!read.ok()) return 0;
    const policy::rules rules(read.values);
    operations::resize_request resize;
    resize.flavor = "s6.large.2";
    for (const auto& account : read.values.accounts) {
        for (const auto& project : account.projects) {
            const auto* const owned = rules.find_project(project.id);
            MUST(owned != nullptr && owned->account == account.name);
            for (std::uint32_t caller = 0; caller < std::min<std::size_t>(read.values.callers.size(), 3); ++caller) {
                const policy::facts call{.caller = caller,
                                         .project = owned,
                                         .operation = operations::operation_id::resize,
                                         .server_id = "s",
                                         .resize = &resize};
                const auto decided = rules.decide(call);
                MUST(!decided.allowed || !decided.rule.empty());
                MUST(!rules.explain(call).empty() || read.values.policy.empty());
            }
        }
    }
    return 0;
}
