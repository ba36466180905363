// Reads a file of any size, transforms it and feeds a slow service, in memory that does not grow.
//
//   streams_big_file FILE
//   streams_big_file --make-megabytes N     makes a file of N MB first, and removes it at the end
//
// The file is read in blocks of 1 MB on one thread, each block is summed up on another, and the
// sums go to a service that takes 2 ms a call and bears four calls at a time. Nobody waits in a
// queue: the file is read when the service has room.
#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <latch>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "weir/exec/thread_pool.h"
#include "weir/streams/flat_map.h"
#include "weir/streams/for_each.h"
#include "weir/streams/generator.h"
#include "weir/streams/map.h"
#include "weir/streams/publish_on.h"
#include "weir/streams/subscribe_on.h"

namespace {

namespace streams = weir::streams;
using Block = std::vector<char>;
using std::chrono::milliseconds;

constexpr size_t kBlockBytes = 1 << 20;

streams::Generator<Block> blocks_of(std::string path) {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path.c_str(), "rb"),
                                                             &std::fclose);
  if (file == nullptr) co_return;
  for (;;) {
    Block block(kBlockBytes);
    block.resize(std::fread(block.data(), 1, block.size(), file.get()));
    if (block.empty()) co_return;
    co_yield std::move(block);
  }
}

struct Summary {
  size_t bytes = 0;
  uint64_t lines = 0;
};

Summary summarize(const Block& block) noexcept {
  Summary summary{block.size(), 0};
  for (const char c : block) summary.lines += c == '\n';
  return summary;
}

/// The answer of a service comes 2 ms after the question, as a flow of one item.
class Answer final : public streams::Subscription,
                     public streams::TimerTask,
                     public std::enable_shared_from_this<Answer> {
 public:
  Answer(Summary summary, streams::TimedScheduler& timers,
         std::shared_ptr<streams::Subscriber<Summary>> down)
      : summary_(summary), timers_(timers), down_(std::move(down)) {}

  void request(uint64_t) noexcept override {
    if (!std::exchange(asked_, true))
      timers_.post_at(timers_.now() + milliseconds(2), shared_from_this());
  }
  void cancel() noexcept override { cancelled_.store(true); }
  void run() noexcept override {
    const auto down = std::move(down_);
    if (cancelled_.load()) return;
    down->on_next(summary_);
    down->on_complete();
  }

 private:
  const Summary summary_;
  streams::TimedScheduler& timers_;
  std::shared_ptr<streams::Subscriber<Summary>> down_;
  bool asked_ = false;
  std::atomic<bool> cancelled_{false};
};

auto call_service(streams::TimedScheduler& timers) {
  return [&timers](Summary summary) {
    return streams::lift<Summary>([summary, &timers](auto down) {
      auto& subscriber = *down;
      subscriber.on_subscribe(std::make_shared<Answer>(summary, timers, std::move(down)));
    });
  };
}

double peak_megabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

std::string make_file(int64_t megabytes) {
  std::string path = "/tmp/weir_big_file_XXXXXX";
  const int descriptor = mkstemp(path.data());
  std::FILE* file = fdopen(descriptor, "wb");
  std::string block;
  while (block.size() < kBlockBytes) block += "a line of a log, or an order, or whatever it is\n";
  block.resize(kBlockBytes);
  for (int64_t i = 0; i < megabytes; ++i) std::fwrite(block.data(), 1, block.size(), file);
  std::fclose(file);
  return path;
}

Summary run(const std::string& path) {
  weir::exec::ThreadPool pool({.threads = 2});
  std::latch done(1);
  Summary total;
  streams::from_generator([path] { return blocks_of(path); }) | streams::subscribe_on(pool) |
      streams::publish_on(pool, {.items = 8, .bytes = 8 * kBlockBytes}) | streams::map(summarize) |
      streams::flat_map(call_service(pool), {.concurrency = 4, .prefetch = 1}) |
      streams::for_each(
          [&total](const Summary& part) noexcept {
            total.bytes += part.bytes;
            total.lines += part.lines;
          },
          [&done](const auto&) noexcept { done.count_down(); }, 4);
  done.wait();
  return total;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 2) {
    std::fputs("usage: streams_big_file FILE | --make-megabytes N\n", stderr);
    return 64;
  }
  const bool make = std::string(argv[1]) == "--make-megabytes" && argc > 2;
  const std::string path = make ? make_file(std::atoll(argv[2])) : argv[1];
  const auto begin = std::chrono::steady_clock::now();
  const Summary total = run(path);
  const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - begin;
  if (make) std::remove(path.c_str());
  std::printf("%.2f GB in %.1f s, %llu lines, peak memory %.1f MB\n",
              static_cast<double>(total.bytes) / 1e9, spent.count(),
              static_cast<unsigned long long>(total.lines), peak_megabytes());
  return total.bytes == 0 ? 1 : 0;
}
