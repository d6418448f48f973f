#pragma once
// Numbers by label set: written by one thread, read by any other while that goes on, and never locked. The writer looks
// a label set up in a table of its own; a new one is put before a chain that readers walk from its head, and stays
// there for good. So the steady state is a look-up and an addition, without a lock, an allocation or a shared cache
// line.

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <vector>

namespace gateway::outcome {

inline constexpr std::size_t cache_line = 64;

// A number with one writer: a load and a store, which the processor need not lock the line for.
class tally {
public:
    void add(std::uint64_t more) noexcept {
        value_.store(value_.load(std::memory_order_relaxed) + more, std::memory_order_relaxed);
    }
    [[nodiscard]] std::uint64_t read() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

// The labels of a number: up to three texts and a code, whose meaning is the owner's.
struct label_set {
    std::string_view first, second, third;
    std::uint32_t code = 0;
    bool operator==(const label_set&) const = default;
};

template <class Value>
class series {
public:
    series() : slots_(64) {}
    series(const series&) = delete;
    series& operator=(const series&) = delete;

    // The writer's: nullptr when there is none yet.
    [[nodiscard]] Value* find(const label_set& labels) noexcept {
        const slot& found = *find_slot(labels, hash_of(labels));
        return found.entry == nullptr ? nullptr : &found.entry->value;
    }
    // The writer's: for what find() did not find. Copies the texts.
    Value& add(const label_set& labels) {
        if ((all_.size() + 1) * 2 > slots_.size()) grow();
        node& fresh = all_.emplace_back(labels, newest_.load(std::memory_order_relaxed));
        const std::size_t hash = hash_of(fresh.labels);
        *find_slot(fresh.labels, hash) = {hash, &fresh};
        newest_.store(&fresh, std::memory_order_release);
        return fresh.value;
    }
    [[nodiscard]] std::size_t size() const noexcept { return all_.size(); }  // the writer's

    // Any thread's: visit(label_set, const Value&) for each. The label set's texts live as long as this.
    template <class Visit>
    void each(const Visit& visit) const {
        for (const node* one = newest_.load(std::memory_order_acquire); one != nullptr; one = one->next)
            visit(one->labels, one->value);
    }

private:
    // Alone on its cache lines, so that two workers' numbers never share one.
    struct alignas(cache_line) node {
        node(const label_set& copied, const node* older) : text(copied.first), next(older) {
            text.append(copied.second).append(copied.third);
            const std::string_view all = text;
            labels = {all.substr(0, copied.first.size()), all.substr(copied.first.size(), copied.second.size()),
                      all.substr(copied.first.size() + copied.second.size()), copied.code};
        }
        node(const node&) = delete;
        node& operator=(const node&) = delete;
        Value value;
        label_set labels;  // views into text
        std::string text;
        const node* next;
    };
    struct slot {
        std::size_t hash = 0;
        node* entry = nullptr;
    };

    // Word by word, as texts are a few words long: std::hash costs more than the rest of a look-up. Those who choose
    // the texts are operators, who gain nothing by making them collide.
    [[nodiscard]] static std::size_t hash_of(const label_set& labels) noexcept {
        std::uint64_t hash = labels.code;
        const auto mix = [&hash](std::uint64_t word) {
            hash = (hash ^ word) * 0x9e3779b97f4a7c15;  // of the golden ratio: spreads what differs in a few bits
            hash ^= hash >> 32;
        };
        const auto mix_text = [&mix](std::string_view text) {
            const char* const bytes = text.data();
            const std::size_t size = text.size();
            if (size >= 8) {
                for (std::size_t offset = 0; offset + 8 < size; offset += 8)
                    mix(load<std::uint64_t>(bytes + offset));
                mix(load<std::uint64_t>(bytes + size - 8));
            } else if (size >= 4) {
                mix(std::uint64_t{load<std::uint32_t>(bytes)} << 32 | load<std::uint32_t>(bytes + size - 4));
            } else {
                for (const char c : text)
                    mix(static_cast<unsigned char>(c));
            }
        };
        mix(labels.first.size() << 32 | labels.second.size() << 16 | labels.third.size());
        mix_text(labels.first);
        mix_text(labels.second);
        mix_text(labels.third);
        return hash;
    }
    template <class Word>
    [[nodiscard]] static Word load(const char* bytes) noexcept {
        Word word = 0;
        std::memcpy(&word, bytes, sizeof word);
        return word;
    }
    // Where it is, or where it would be. At least half of the slots are free, so the search ends.
    [[nodiscard]] slot* find_slot(const label_set& labels, std::size_t hash) noexcept {
        for (std::size_t i = hash;; ++i) {
            slot& candidate = slots_[i & (slots_.size() - 1)];
            if (candidate.entry == nullptr || (candidate.hash == hash && candidate.entry->labels == labels))
                return &candidate;
        }
    }
    void grow() {
        std::vector<slot> larger(slots_.size() * 2);
        slots_.swap(larger);
        for (const slot& old : larger) {
            if (old.entry != nullptr) *find_slot(old.entry->labels, old.hash) = old;
        }
    }

    std::vector<slot> slots_;  // open addressing; a power of two of them
    std::deque<node> all_;
    std::atomic<const node*> newest_{nullptr};
};

}  // namespace gateway::outcome
