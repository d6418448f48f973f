#include "postgresql_connection.hpp"

#include <poll.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <charconv>
#include <utility>

#include "gateway/base/hex.hpp"

namespace gateway::ledger {

namespace {

// One line: libpq's messages have several.
std::string as_line(std::string_view message) {
    std::string line;
    for (const char each : message) {
        if (each == '\n' || each == '\t')
            line += ' ';
        else
            line += each;
    }
    while (!line.empty() && line.back() == ' ')
        line.pop_back();
    return line;
}

// Source: https://www.postgresql.org/docs/15/errcodes-appendix.html
trouble kind_of(std::string_view sqlstate) {
    if (sqlstate == "53100") return trouble::full;
    if (sqlstate == "25006" || sqlstate == "42501") return trouble::not_allowed;
    if (sqlstate == "55P03" || sqlstate == "57014") return trouble::held;
    if (sqlstate == "XX001" || sqlstate == "XX002") return trouble::corrupt;
    const std::string_view group = sqlstate.substr(0, 2);
    if (group == "28" || group == "3D") return trouble::not_allowed;
    if (group == "57" || group == "08") return trouble::away;
    if (group == "53") return trouble::overloaded;
    return trouble::failing;
}

std::string advice(std::string_view sqlstate) {
    if (sqlstate == "53100") return "; make room on the database server's disk";
    if (sqlstate == "42501")
        return "; grant its role SELECT, INSERT, UPDATE and DELETE on the tables and USAGE on their sequences";
    if (sqlstate == "25006") return "; it is a standby or read-only: name the primary, or all hosts of the cluster";
    if (sqlstate == "55P03" || sqlstate == "57014")
        return "; another session holds a lock: find it in pg_stat_activity and pg_locks, and end it";
    return {};
}

std::string advice_on_connecting(std::string_view message) {
    const auto says = [&](std::string_view words) { return message.find(words) != std::string_view::npos; };
    if (says("password authentication failed")) return "; compare user and password in the connection string";
    if (says("could not translate host name")) return "; compare the host in the connection string";
    if (says("read-only") || says("hot standby"))
        return "; it is a standby: name the primary, or all hosts of the cluster";
    if (says("certificate") || says("SSL"))
        return "; name the authority of the server's certificate by sslrootcert, and the host as the certificate does";
    if (says("does not exist")) return "; create the database and the role";
    if (says("Connection refused") || says("No such file")) return "; start PostgreSQL, or compare host and port";
    return {};
}

// What only a person can mend.
bool is_for_good(std::string_view message) {
    return std::ranges::any_of(std::array{"password authentication failed", "no password supplied", "does not exist",
                                          "certificate verify failed", "does not match host name", "no pg_hba.conf"},
                               [&](std::string_view words) { return message.find(words) != std::string_view::npos; });
}

struct options_freer {
    void operator()(PQconninfoOption* o) const noexcept { PQconninfoFree(o); }
};
using parsed_options = std::unique_ptr<PQconninfoOption, options_freer>;

// The error of libpq may quote the text, so it is thrown away.
parsed_options parse(std::string_view text) {
    char* error = nullptr;
    parsed_options parsed(PQconninfoParse(std::string(text).c_str(), &error));
    PQfreemem(error);
    return parsed;
}

std::string option(const PQconninfoOption* all, std::string_view keyword) {
    for (; all->keyword != nullptr; ++all) {
        if (all->keyword == keyword && all->val != nullptr) return all->val;
    }
    return {};
}

bool is_local(std::string_view host) {
    return host.empty() || host.front() == '/' || host.front() == '@' || host == "localhost" || host == "::1" ||
           host.starts_with("127.");
}

bool are_all_local(std::string_view hosts) {
    for (;;) {
        const auto end = std::min(hosts.find(','), hosts.size());
        if (!is_local(hosts.substr(0, end))) return false;
        if (end == hosts.size()) return true;
        hosts.remove_prefix(end + 1);
    }
}

}  // namespace

postgresql_place read_connection_string(std::string_view text) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r' || text.back() == ' '))
        text.remove_suffix(1);
    const parsed_options parsed = parse(text);
    if (!parsed)
        return {"?",
                "its connection string can't be read; expected \"host=… dbname=… user=… password=… "
                "sslmode=verify-full\", or a URI that begins with postgresql://"};
    const std::string host = option(parsed.get(), "host"), address = option(parsed.get(), "hostaddr");
    const std::string database = option(parsed.get(), "dbname");
    postgresql_place place{"host " + (host.empty() ? address.empty() ? "local socket" : address : host) +
                               ", database " + (database.empty() ? option(parsed.get(), "user") : database),
                           std::nullopt};
    const bool is_local_place = are_all_local(host) && are_all_local(address);
    if (!is_local_place && option(parsed.get(), "sslmode") != "verify-full")
        place.problem =
            "its connection string lacks sslmode=verify-full, which every host but a local one needs; add "
            "it, and sslrootcert=FILE where the system does not know the authority";
    return place;
}

std::string_view postgresql_rows::view(int row, int column) const noexcept {
    return {PQgetvalue(result_.get(), row, column), static_cast<std::size_t>(PQgetlength(result_.get(), row, column))};
}

std::int64_t postgresql_rows::integer(int row, int column) const noexcept {
    const std::string_view digits = view(row, column);
    std::int64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

instant postgresql_rows::time(int row, int column) const noexcept {
    return instant(std::chrono::microseconds(integer(row, column)));
}

std::optional<instant> postgresql_rows::maybe_time(int row, int column) const noexcept {
    if (is_null(row, column)) return std::nullopt;
    return time(row, column);
}

std::string postgresql_rows::bytes(int row, int column) const {
    std::string_view digits = view(row, column);
    if (!digits.starts_with("\\x")) return {};
    digits.remove_prefix(2);
    std::vector<unsigned char> bytes(digits.size() / 2);
    if (!read_hex(digits, bytes)) return {};
    return {bytes.begin(), bytes.end()};
}

std::int64_t postgresql_rows::changed() const noexcept {
    const std::string_view digits = PQcmdTuples(result_.get());
    std::int64_t number = 0;
    std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return number;
}

postgresql_connection::postgresql_connection(const secret_text& connection_string, std::chrono::milliseconds timeout)
    : timeout_(timeout) {
    connect(connection_string);
}

void postgresql_connection::connect(const secret_text& connection_string) {
    const auto seconds = std::max<std::int64_t>(2, std::chrono::ceil<std::chrono::seconds>(timeout_).count());
    const std::string milliseconds = std::to_string(timeout_.count()), patience = std::to_string(seconds);
    const std::string text(connection_string.reveal());
    // What comes later wins, so the connection string is last: as dbname it is read as a whole.
    const std::array keywords{"application_name",
                              "client_encoding",
                              "target_session_attrs",
                              "connect_timeout",
                              "keepalives_idle",
                              "keepalives_interval",
                              "keepalives_count",
                              "tcp_user_timeout",
                              "dbname",
                              static_cast<const char*>(nullptr)};
    const std::array values{
        "ecs-gateway", "UTF8", "read-write",         patience.c_str(), "10",
        "5",           "3",    milliseconds.c_str(), text.c_str(),     static_cast<const char*>(nullptr)};
    handle_.reset(PQconnectStartParams(keywords.data(), values.data(), 1));
    if (!handle_) throw std::bad_alloc();
    const auto deadline = clock::now() + timeout_;
    for (auto next = PGRES_POLLING_WRITING; next != PGRES_POLLING_OK;) {
        if (next == PGRES_POLLING_FAILED || PQstatus(handle_.get()) == CONNECTION_BAD) {
            const std::string line = as_line(PQerrorMessage(handle_.get()));
            throw postgresql_error(is_for_good(line) ? trouble::not_allowed : trouble::away, {},
                                   line + advice_on_connecting(line), true);
        }
        // The socket may be another one after each step.
        wait(next == PGRES_POLLING_READING ? POLLIN : POLLOUT, deadline);
        next = PQconnectPoll(handle_.get());
    }
    if (PQsetnonblocking(handle_.get(), 1) != 0 || PQenterPipelineMode(handle_.get()) != 1)
        fail(trouble::failing, as_line(PQerrorMessage(handle_.get())));
}

void postgresql_connection::wait(short events, clock::time_point deadline) {
    for (;;) {
        const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - clock::now()).count();
        pollfd watched{PQsocket(handle_.get()), events, 0};
        const int ready = left <= 0 ? 0 : ::poll(&watched, 1, static_cast<int>(left));
        if (ready > 0) return;
        if (ready < 0 && errno == EINTR) continue;
        fail(trouble::away, "no answer within " + std::to_string(timeout_.count()) + " ms");
    }
}

void postgresql_connection::fail(trouble kind, const std::string& reason) {
    handle_.reset();
    throw postgresql_error(kind, {}, reason, true);
}

std::size_t postgresql_connection::add(const char* sql, std::vector<parameter> values) {
    added_.push_back({sql, std::move(values)});
    return added_.size() - 1;
}

void postgresql_connection::send(const statement& one) {
    std::vector<const char*> values;
    for (const parameter& each : one.values)
        values.push_back(each ? each->c_str() : nullptr);
    if (PQsendQueryParams(handle_.get(), one.sql, static_cast<int>(values.size()), nullptr, values.data(), nullptr,
                          nullptr, 0) != 1)
        fail(trouble::away, as_line(PQerrorMessage(handle_.get())));
}

PGresult* postgresql_connection::next_result(clock::time_point deadline) {
    PGconn* const c = handle_.get();
    int unsent = PQflush(c);
    while (unsent == 1 || PQisBusy(c) != 0) {
        wait(static_cast<short>(unsent == 1 ? POLLIN | POLLOUT : POLLIN), deadline);
        if (PQconsumeInput(c) != 1) fail(trouble::away, as_line(PQerrorMessage(c)));
        unsent = PQflush(c);
    }
    if (unsent < 0) fail(trouble::away, as_line(PQerrorMessage(c)));
    return PQgetResult(c);
}

std::vector<postgresql_rows> postgresql_connection::flush() {
    const std::vector<statement> sent = std::exchange(added_, {});
    if (!handle_) throw postgresql_error(trouble::away, {}, "it is not connected", true);
    const auto deadline = clock::now() + timeout_;
    for (const statement& each : sent)
        send(each);
    if (PQpipelineSync(handle_.get()) != 1) fail(trouble::away, as_line(PQerrorMessage(handle_.get())));
    std::vector<postgresql_rows> results;
    std::optional<postgresql_error> error;
    for (bool is_done = false; !is_done;) {
        PGresult* const given = next_result(deadline);
        if (given == nullptr) {  // the end of one statement's
            if (PQstatus(handle_.get()) == CONNECTION_BAD) fail(trouble::away, as_line(PQerrorMessage(handle_.get())));
            continue;
        }
        const ExecStatusType status = PQresultStatus(given);
        postgresql_rows rows(given);
        if (status == PGRES_PIPELINE_SYNC) is_done = true;
        if (status == PGRES_TUPLES_OK || status == PGRES_COMMAND_OK) results.push_back(std::move(rows));
        if (status != PGRES_FATAL_ERROR || error) continue;
        const char* const code = PQresultErrorField(given, PG_DIAG_SQLSTATE);
        const std::string sqlstate = code != nullptr ? code : "";
        const char* const primary = PQresultErrorField(given, PG_DIAG_MESSAGE_PRIMARY);
        error.emplace(sqlstate.empty() ? trouble::away : kind_of(sqlstate), sqlstate,
                      as_line(primary != nullptr ? primary : PQresultErrorMessage(given)) + advice(sqlstate), false);
        // The server ends the connection after these, and no end of the pipeline comes.
        if (sqlstate.empty() || sqlstate.starts_with("57P")) {
            handle_.reset();
            throw postgresql_error(trouble::away, sqlstate, error->what(), true);
        }
    }
    if (error) throw postgresql_error(*error);
    return results;
}

void postgresql_connection::roll_back() {
    if (!handle_) return;
    added_.clear();
    add("ROLLBACK");
    flush();
}

bool postgresql_connection::is_broken() noexcept {
    if (!handle_) return true;
    pollfd watched{PQsocket(handle_.get()), POLLIN, 0};
    if (::poll(&watched, 1, 0) <= 0) return false;
    return PQconsumeInput(handle_.get()) != 1 || PQstatus(handle_.get()) == CONNECTION_BAD;
}

}  // namespace gateway::ledger
