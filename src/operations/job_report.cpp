#include "gateway/operations/job_report.hpp"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>

namespace gateway::operations {

namespace {

std::string text_of(const boost::json::object& from, std::string_view key) {
    const auto* const found = from.if_contains({key.data(), key.size()});
    if (found == nullptr || !found->is_string()) return {};
    const auto& text = found->get_string();
    return {text.data(), text.size()};
}

}  // namespace

std::optional<job_report> read_job_report(std::string_view body) {
    boost::system::error_code ec;
    const boost::json::value parsed = boost::json::parse({body.data(), body.size()}, ec);
    if (ec || !parsed.is_object()) return std::nullopt;
    const auto& object = parsed.get_object();
    job_report report{text_of(object, "status"), text_of(object, "error_code"), text_of(object, "fail_reason")};
    if (report.status.empty()) return std::nullopt;
    return report;
}

}  // namespace gateway::operations
