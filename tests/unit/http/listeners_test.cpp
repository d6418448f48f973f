#include "gateway/http/listeners.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>
#include <fstream>
#include <system_error>

namespace gateway::http {
namespace {

namespace fs = std::filesystem;

config::listener tcp(std::string host, std::uint16_t port = 0) {
    config::listener settings;
    settings.name = host + ":" + std::to_string(port);
    settings.host = std::move(host);
    settings.port = port;
    return settings;
}

std::uint16_t port_of(const listener_sockets& sockets) {
    const std::string& address = sockets.address();
    return static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1)));
}

bool listens(int descriptor) {
    int listening = 0;
    socklen_t size = sizeof listening;
    return ::getsockopt(descriptor, SOL_SOCKET, SO_ACCEPTCONN, &listening, &size) == 0 && listening == 1;
}

// What the constructor throws; empty when it does not.
std::string refusal_of(const config::listener& settings, std::size_t workers = 1) {
    try {
        const listener_sockets opened(settings, workers);
        return {};
    } catch (const std::exception& error) {
        return error.what();
    }
}

TEST(tcp_listener, has_a_listening_socket_for_each_worker) {
    const listener_sockets sockets(tcp("127.0.0.1"), 3);
    EXPECT_EQ(sockets.name(), "127.0.0.1:0");
    EXPECT_TRUE(sockets.address().starts_with("127.0.0.1:")) << sockets.address();
    EXPECT_GT(port_of(sockets), 0);
    ino_t before = 0;
    for (std::size_t worker = 0; worker < 3; ++worker) {
        const unique_fd descriptor = sockets.descriptor(worker);
        EXPECT_TRUE(listens(descriptor.get()));
        struct stat found {};
        EXPECT_EQ(::fstat(descriptor.get(), &found), 0);
        EXPECT_NE(found.st_ino, before) << "the kernel spreads connections among sockets, not among duplicates";
        before = found.st_ino;
    }
    EXPECT_FALSE(sockets.is_lost());
    EXPECT_FALSE(sockets.is_handed_over());
}

TEST(tcp_listener, does_not_share_the_address_of_another_gateway) {
    const listener_sockets first(tcp("127.0.0.1"), 1);
    const auto refusal = refusal_of(tcp("127.0.0.1", port_of(first)));
    EXPECT_NE(refusal.find("cannot bind listener 127.0.0.1:" + std::to_string(port_of(first))), std::string::npos)
        << refusal;
    EXPECT_NE(refusal.find("ss -ltnp"), std::string::npos) << refusal;
}

struct socket_folder : testing::Test {
    fs::path folder, path;

    socket_folder() {
        std::string name = (fs::temp_directory_path() / "listeners.XXXXXX").string();
        folder = ::mkdtemp(name.data());
        path = folder / "socket";
    }
    ~socket_folder() override { fs::remove_all(folder); }
    socket_folder(const socket_folder&) = delete;
    socket_folder& operator=(const socket_folder&) = delete;

    [[nodiscard]] config::listener unix_listener() const {
        config::listener settings;
        settings.name = "unix:" + path.string();
        settings.is_unix = true;
        settings.host = path.string();
        return settings;
    }
    // A socket at the path that nobody listens on, as a killed process leaves it.
    void leave_dead_socket() const {
        const unique_fd bound(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, path.c_str(), path.string().size());
        ASSERT_EQ(::bind(bound.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    }
};

TEST_F(socket_folder, of_a_listener_holds_its_file_until_it_goes) {
    {
        config::listener settings = unix_listener();
        settings.mode = 0660;
        const listener_sockets sockets(settings, 2);
        EXPECT_EQ(sockets.address(), settings.name);
        EXPECT_TRUE(fs::is_socket(path));
        EXPECT_EQ(fs::status(path).permissions(), fs::perms(0660));
        EXPECT_TRUE(listens(sockets.descriptor(0).get()));
        EXPECT_TRUE(listens(sockets.descriptor(1).get()));
        sockets.set_mode(0600);
        EXPECT_EQ(fs::status(path).permissions(), fs::perms(0600));
        EXPECT_FALSE(sockets.is_lost());
    }
    EXPECT_FALSE(fs::exists(path));
}

TEST_F(socket_folder, with_a_dead_socket_is_taken_over_and_a_living_one_is_left_alone) {
    leave_dead_socket();
    {
        const listener_sockets sockets(unix_listener(), 1);
        EXPECT_FALSE(sockets.is_lost());
        EXPECT_NE(refusal_of(unix_listener()).find("cannot bind listener unix:"), std::string::npos);
        EXPECT_FALSE(sockets.is_lost()) << "the second one has not removed the file of the first";
    }
    EXPECT_FALSE(fs::exists(path));
}

TEST_F(socket_folder, with_a_file_that_is_no_socket_is_refused_and_keeps_it) {
    std::ofstream(path) << "mine";
    EXPECT_NE(refusal_of(unix_listener()).find("a file that is no socket stands there"), std::string::npos);
    EXPECT_TRUE(fs::is_regular_file(path));
}

TEST_F(socket_folder, with_a_path_too_long_for_a_socket_is_refused) {
    path = folder / std::string(107, 'x');
    EXPECT_NE(refusal_of(unix_listener()).find("the path is longer than a unix socket's may be"), std::string::npos);
}

TEST_F(socket_folder, whose_file_was_replaced_is_lost_and_the_new_file_stays) {
    {
        const listener_sockets sockets(unix_listener(), 1);
        fs::remove(path);
        EXPECT_TRUE(sockets.is_lost());
        std::ofstream(path) << "another's";
        EXPECT_TRUE(sockets.is_lost());
    }
    EXPECT_TRUE(fs::exists(path));
}

TEST_F(socket_folder, of_a_socket_that_was_handed_over_stays_as_it_is) {
    const listener_sockets owner(unix_listener(), 1);
    const unique_fd theirs = owner.descriptor(0);
    {
        const listener_sockets sockets(unix_listener(), 2, theirs.get());
        EXPECT_TRUE(sockets.is_handed_over());
        EXPECT_TRUE(listens(sockets.descriptor(1).get()));
        const auto before = fs::status(path).permissions();
        sockets.set_mode(0600);
        EXPECT_EQ(fs::status(path).permissions(), before);
    }
    EXPECT_TRUE(fs::is_socket(path));
    EXPECT_FALSE(owner.is_lost());
}

TEST_F(socket_folder, without_the_certificate_of_a_listener_is_named_at_start) {
    const config::tls_server settings{
        .certificate = path.string(), .private_key = path.string(), .client_ca = {}, .location = {}};
    try {
        static_cast<void>(make_tls_context(settings));
        FAIL() << "there is no certificate";
    } catch (const boost::system::system_error& error) {
        EXPECT_NE(std::string_view(error.what()).find(path.string()), std::string_view::npos) << error.what();
    }
}

}  // namespace
}  // namespace gateway::http
