#include "lab/kafka_demo.h"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <optional>

#include "lab/demo_display.h"
#include "lab/kafka_demo_stage.h"
#include "lab/kafka_demo_view.h"
#include "lab/run_service.h"
#include "net/signals.h"

namespace weir::lab {
namespace {

constexpr Duration kTurn = std::chrono::milliseconds(100);

Expected<KafkaDemoResult> play(const KafkaDemoOptions& options, const std::string& logs) {
  // Before librdkafka starts its threads: the signals are for the watcher alone.
  net::block_signals({SIGINT, SIGTERM, SIGHUP});
  net::EventLoop loop;
  bool stopped = false;
  net::SignalWatcher signals(loop, {SIGINT, SIGTERM, SIGHUP}, [&stopped](int) { stopped = true; });
  DemoDisplay display(loop, options.plain);
  std::optional<Expected<void>> end;
  const auto stage = KafkaDemoStage::open(loop, options.plan, logs,
                                          [&end](Expected<void> how) { end = std::move(how); });
  if (!stage) return tl::unexpected(stage.error());
  const KafkaDemoStage& shown = **stage;
  const auto begun = [&shown] { return shown.playing() && !shown.result().samples.empty(); };
  display.show({[&](ViewStyle style) {
                  return begun() ? kafka_demo_screen(shown.result(), style) : std::string();
                },
                [&] { return begun() ? kafka_demo_line(shown.result()) : std::string(); }});
  while (!end && !stopped) loop.run_once(kTurn);
  display.clear();
  if (stopped) return tl::unexpected(Error{ErrorKind::kUnavailable, "interrupted", {}});
  if (!*end) return tl::unexpected(end->error());
  return shown.result();
}

}  // namespace

Expected<bool> run_kafka_demo(const KafkaDemoOptions& options) {
  auto scratch = ScratchDirectory::make();
  if (!scratch) return tl::unexpected(scratch.error());
  raise_file_limit();
  const std::string& logs = options.log_path.empty() ? scratch->path() : options.log_path;
  const auto result = play(options, logs);
  if (!result) {
    if (result.error().kind != ErrorKind::kInternal) return tl::unexpected(result.error());
    scratch->keep();
    return tl::unexpected(
        Error{result.error().kind, result.error().message, "its log is in " + logs});
  }
  const auto claims = judge(*result);
  std::printf("%s\n%s", kafka_demo_table(*result).c_str(), claims_text(claims).c_str());
  return std::all_of(claims.begin(), claims.end(), [](const Claim& claim) { return claim.held; });
}

}  // namespace weir::lab
