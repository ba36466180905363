#include "lab/demo.h"

#include <csignal>
#include <cstdio>
#include <fstream>

#include "lab/demo_display.h"
#include "lab/demo_picture.h"
#include "lab/demo_report.h"
#include "lab/demo_stage.h"
#include "lab/run_service.h"
#include "net/signals.h"

namespace weir::lab {
namespace {

using namespace std::chrono_literals;

/// Plays the story, once without weir and once with it.
class Player {
 public:
  Player(const DemoOptions& options, ScratchDirectory& scratch)
      : options_(options),
        scratch_(scratch),
        signals_(loop_, {SIGINT, SIGTERM, SIGHUP}, [this](int) { stopped_ = true; }),
        display_(loop_, options.plain) {}

  Expected<DemoRun> play(bool with_weir) {
    const std::string& logs = options_.log_path.empty() ? scratch_.path() : options_.log_path;
    std::optional<Expected<void>> end;
    auto stage = DemoStage::open(loop_, options_.plan, with_weir, logs,
                                 [&end](Expected<void> how) { end = std::move(how); });
    if (!stage) return tl::unexpected(stage.error());
    const DemoStage& shown = **stage;
    display_.show({[&shown](ViewStyle style) {
                     return shown.playing() ? demo_screen(shown.frame(), style) : "";
                   },
                   [&shown] { return shown.playing() ? demo_line(shown.frame()) : ""; }});
    while (!end && !stopped_) loop_.run_once(100ms);
    display_.clear();
    if (stopped_) return tl::unexpected(Error{ErrorKind::kUnavailable, "interrupted", {}});
    if (*end) return (*stage)->result();
    scratch_.keep();
    return tl::unexpected(Error{end->error().kind, end->error().message, "its log is in " + logs});
  }

 private:
  const DemoOptions& options_;
  ScratchDirectory& scratch_;
  net::EventLoop loop_;
  bool stopped_ = false;
  net::SignalWatcher signals_;
  DemoDisplay display_;
};

Expected<void> write_file(const std::string& path, const std::string& text) {
  if (path.empty()) return {};
  std::ofstream file(path, std::ios::binary | std::ios::trunc);
  file << text;
  file.close();
  if (file) return {};
  return tl::unexpected(
      Error{ErrorKind::kUnavailable, "cannot write " + path, "check that its folder exists"});
}

/// A minute and a half is too long to learn that the report has nowhere to go.
Expected<void> check_writable(const std::string& path) {
  if (path.empty() || std::ofstream(path, std::ios::app)) return {};
  return tl::unexpected(
      Error{ErrorKind::kUnavailable, "cannot write " + path, "check that its folder exists"});
}

Expected<DemoResult> play_both(const DemoOptions& options) {
  auto scratch = ScratchDirectory::make();
  if (!scratch) return tl::unexpected(scratch.error());
  Player player(options, *scratch);
  auto without = player.play(false);
  if (!without) return tl::unexpected(without.error());
  auto with = player.play(true);
  if (!with) return tl::unexpected(with.error());
  return DemoResult{options.plan, std::move(*without), std::move(*with)};
}

}  // namespace

Expected<bool> run_demo(const DemoOptions& options) {
  for (const std::string& path : {options.html_path, options.svg_path}) {
    if (auto checked = check_writable(path); !checked) return tl::unexpected(checked.error());
  }
  raise_file_limit();
  const auto result = play_both(options);
  if (!result) return tl::unexpected(result.error());
  const auto claims = judge(*result);
  std::printf("%s\n%s", demo_table(*result).c_str(), claims_text(claims).c_str());
  if (auto done = write_file(options.svg_path, demo_svg(*result)); !done) {
    return tl::unexpected(done.error());
  }
  if (auto done = write_file(options.html_path, demo_html(*result, claims)); !done) {
    return tl::unexpected(done.error());
  }
  if (!options.html_path.empty()) std::printf("\nreport: %s\n", options.html_path.c_str());
  bool all = true;
  for (const Claim& claim : claims) all = all && claim.held;
  return all;
}

}  // namespace weir::lab
