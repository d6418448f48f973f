#pragma once

namespace gateway::cli {

// Opens /dev/null on each of the descriptors 0 to 2 that is closed. Some supervisors and cron jobs close them; the
// first files and sockets that are opened would get these numbers, and what is meant for a terminal would be written
// there. To be called before anything is opened. False when /dev/null can't be opened.
[[nodiscard]] bool open_standard_descriptors() noexcept;

}  // namespace gateway::cli
