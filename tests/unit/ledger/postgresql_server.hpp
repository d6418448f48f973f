#pragma once
// A PostgreSQL of the tests' own, in a temporary folder, with fsync on; ends with the process.

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <libpq-fe.h>

namespace gateway::ledger {

class postgresql_server {
public:
    // The one of this process.
    static postgresql_server& shared() {
        static postgresql_server server;
        return server;
    }
    ~postgresql_server() {
        stop(SIGQUIT);  // nobody reads what a checkpoint would save
        std::error_code ignored;
        std::filesystem::remove_all(folder_, ignored);
    }
    postgresql_server(const postgresql_server&) = delete;
    postgresql_server& operator=(const postgresql_server&) = delete;

    [[nodiscard]] std::string connection_string(const std::string& database) const {
        return "host=" + folder_.string() + " user=postgres dbname=" + database;
    }
    // An empty one.
    std::string make_database(const std::string& more = {}) {
        std::string name = "ledger" + std::to_string(++databases_);
        execute("CREATE DATABASE " + name + " TEMPLATE template0 " + more);
        return name;
    }
    void execute(const std::string& sql, const std::string& database = "postgres") {
        PGconn* const c = PQconnectdb(connection_string(database).c_str());
        PGresult* const done = PQexec(c, sql.c_str());
        const bool is_good = PQresultStatus(done) == PGRES_COMMAND_OK || PQresultStatus(done) == PGRES_TUPLES_OK;
        const std::string error = PQerrorMessage(c);
        PQclear(done);
        PQfinish(c);
        if (!is_good) throw std::runtime_error(sql + ": " + error);
    }
    void start() {
        process_ = run({"-D", (folder_ / "data").string(), "-k", folder_.string(), "-c", "listen_addresses=", "-c",
                        "shared_buffers=16MB", "-c", "log_min_messages=fatal"},
                       "postgres");
        for (int i = 0; i < 3000; ++i) {
            if (PQping(connection_string("postgres").c_str()) == PQPING_OK) return;
            std::this_thread::sleep_for(std::chrono::milliseconds(10));
        }
        throw std::runtime_error("PostgreSQL did not start in " + folder_.string());
    }
    void stop(int signal) {
        if (process_ <= 0) return;
        ::kill(process_, signal);
        ::waitpid(process_, nullptr, 0);
        process_ = -1;
    }

private:
    postgresql_server() {
        if (!std::filesystem::exists(programs + "/initdb"))
            throw std::runtime_error("this test needs PostgreSQL 15 in " + programs +
                                     "; install it with: apt-get install postgresql");
        std::string path = (std::filesystem::temp_directory_path() / "ledger_pg.XXXXXX").string();
        if (::mkdtemp(path.data()) == nullptr) throw std::runtime_error("no temporary folder");
        folder_ = path;
        if (::getuid() == 0) {
            const std::string command = "chown postgres " + path;
            if (std::system(command.c_str()) != 0) throw std::runtime_error(command);
        }
        const pid_t made = run({"-D", (folder_ / "data").string(), "-U", "postgres", "-A", "trust", "-E", "UTF8",
                                "--locale=C", "--no-sync", "--no-instructions"},
                               "initdb");
        int status = 0;
        ::waitpid(made, &status, 0);
        if (status != 0) throw std::runtime_error("initdb failed in " + path);
        start();
    }
    // PostgreSQL refuses to run as root.
    static pid_t run(std::vector<std::string> arguments, const std::string& program) {
        arguments.insert(arguments.begin(), programs + "/" + program);
        if (::getuid() == 0)
            arguments.insert(arguments.begin(), {"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups",
                                                 "--pdeathsig=KILL", "--"});
        std::vector<char*> given;
        for (std::string& each : arguments)
            given.push_back(each.data());
        given.push_back(nullptr);
        const pid_t process = ::fork();
        if (process != 0) return process;
        ::prctl(PR_SET_PDEATHSIG, SIGKILL);
        if (std::freopen("/dev/null", "w", stdout) == nullptr) ::_exit(126);
        ::execvp(given[0], given.data());
        ::_exit(127);
    }

    inline static const std::string programs = "/usr/lib/postgresql/15/bin";
    std::filesystem::path folder_;
    pid_t process_ = -1;
    int databases_ = 0;
};

}  // namespace gateway::ledger
