#include "lab/run_load.h"

#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <nlohmann/json.hpp>

#include "lab/run_service.h"
#include "lab/units.h"
#include "net/signals.h"
#include "net/url.h"

namespace weir::lab {
namespace {

constexpr Duration kProgressEvery = std::chrono::milliseconds(500);

bool is_loopback(const net::Address& address) {
  const std::string host = address.host();
  return address.is_unix() || host.starts_with("127.") || host == "::1";
}

Expected<void> check_bounds(const ArrivalPlan& plan) {
  if (plan.phases().empty() || plan.length() <= Duration::zero()) {
    return usage_error("there is no load to send", "add --rate 400/s --for 10s, or --phase");
  }
  if (plan.length() > kLoadLengthMax) return usage_error("a run may take at most one hour");
  if (plan.expected_count() > kLoadCountMax) {
    return usage_error("a run may send at most 20 million requests");
  }
  return {};
}

/// Rewrites one line of stderr twice a second.
class ProgressLine {
 public:
  ProgressLine(net::EventLoop& loop, const Load& load)
      : loop_(loop),
        load_(load),
        timer_(loop.timers(), net::Callback::to<&ProgressLine::show>(this)) {
    if (isatty(STDERR_FILENO) != 0) timer_.arm(loop.now() + kProgressEvery);
  }
  ~ProgressLine() {
    if (shown_) std::fputs("\r\x1b[K", stderr);
  }

 private:
  void show() {
    const Duration now = load_.elapsed();
    const LoadBucket recent = load_.stats().recent(now, std::chrono::seconds(1));
    std::fprintf(stderr, "\r\x1b[K%s", load_progress(now, load_.length(), recent).c_str());
    std::fflush(stderr);
    shown_ = true;
    timer_.arm(loop_.now() + kProgressEvery);
  }

  net::EventLoop& loop_;
  const Load& load_;
  net::Timer timer_;
  bool shown_ = false;
};

void print_report(const LoadRunOptions& options, const Load& load) {
  const LoadSetting setting{options.url, options.habits.timeout, options.habits.retries,
                            options.habits.obeys_retry_after, options.phases};
  if (options.json) {
    auto json = load_json(setting, load.stats());
    json["generator"] = {{"seed", options.seed},
                         {"lag_max_ms", to_seconds(load.lag_max()) * 1e3},
                         {"connections_exhausted", load.exhausted()}};
    std::printf("%s\n", json.dump().c_str());
    return;
  }
  std::fputs(load_text(setting, load.stats()).c_str(), stdout);
  if (load.exhausted() > 0) {
    std::printf("warning: %llu attempts found no free connection; raise --connections\n",
                static_cast<unsigned long long>(load.exhausted()));
  }
}

}  // namespace

Expected<Target> parse_target(const std::string& url, bool allow_remote, size_t body_bytes) {
  constexpr std::string_view kScheme = "http://";
  const size_t slash = url.find('/', url.starts_with(kScheme) ? kScheme.size() : 0);
  const auto parsed = net::Url::parse(url.substr(0, slash));
  if (!parsed) return tl::unexpected(parsed.error());
  const auto address = net::Address::resolve(parsed->endpoint);
  if (!address) return tl::unexpected(address.error());
  if (!allow_remote && !is_loopback(*address)) {
    return usage_error(address->to_string() + " is not on this machine",
                       "open-loop load can take a service down; if it is yours, add "
                       "--allow-remote");
  }
  const std::string path = slash == std::string::npos ? "/" : url.substr(slash);
  if (body_bytes == 0) return Target{*address, get_request(path, parsed->authority)};
  return Target{*address, post_request(path, parsed->authority, body_bytes)};
}

Expected<void> run_load(const LoadRunOptions& options) {
  auto target = parse_target(options.url, options.allow_remote, options.body_bytes);
  if (!target) return tl::unexpected(target.error());
  ArrivalPlan plan(options.phases, options.arrivals, Rng(options.seed));
  if (auto bounds = check_bounds(plan); !bounds) return bounds;
  raise_file_limit();
  net::EventLoop loop;
  net::SignalWatcher signals(loop, {SIGINT, SIGTERM}, [&loop](int) { loop.stop(); });
  HttpClient client(loop, target->address, options.connections_max);
  Load load(loop, client, std::move(target->request), std::move(plan), options.habits,
            options.bucket, [&loop] { loop.stop(); });
  {
    const ProgressLine progress(loop, load);
    load.start();
    loop.run();
  }
  print_report(options, load);
  return {};
}

}  // namespace weir::lab
