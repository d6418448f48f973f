#pragma once
// What goes wrong with IAM or the metadata service, as a test wants it from one moment to the next.

#include <chrono>
#include <mutex>
#include <optional>
#include <string>

#include "call.hpp"
#include "seed.hpp"

namespace simulator {

struct trouble {
    enum class kind { none, down, slow, unauthorized, forbidden, not_found, throttled, garbage, close };
    kind what = kind::none;
    std::chrono::milliseconds delay{0};             // before the answer
    std::optional<std::chrono::milliseconds> life;  // of what is issued, instead of the seed's

    // The answer instead of acting: its status, 0 when the service acts.
    [[nodiscard]] unsigned status() const;
    // Whether the service does nothing at all, since nobody gets its answer.
    [[nodiscard]] bool is_mute() const { return what == kind::garbage || what == kind::close; }
    // What becomes of the answer on its way.
    [[nodiscard]] fault on_the_way() const;
};

[[nodiscard]] std::optional<trouble::kind> read_trouble(const std::string& name);
// The words for a status that stand in bodies of errors, like "Not Found".
[[nodiscard]] const char* title_of(unsigned status);

// Thread-safe.
class trouble_switch {
public:
    explicit trouble_switch(trouble usual) : usual_(usual), now_(usual) {}

    [[nodiscard]] trouble now() const {
        const std::lock_guard held(lock_);
        return now_;
    }
    [[nodiscard]] const trouble& usual() const { return usual_; }
    void set(const trouble& to) {
        const std::lock_guard held(lock_);
        now_ = to;
    }

private:
    const trouble usual_;
    mutable std::mutex lock_;
    trouble now_;
};

}  // namespace simulator
