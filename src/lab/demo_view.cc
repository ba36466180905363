#include "lab/demo_view.h"

#include <algorithm>

#include "lab/demo_result.h"
#include "lab/format.h"

namespace weir::lab {
namespace {

constexpr size_t kTimelineWidth = 34;
constexpr size_t kBarWidth = 30;
constexpr Duration kRecent = std::chrono::seconds(1);
// A visit sent less than this ago may still be on its way, so its share is not known yet.
constexpr Duration kSettling = std::chrono::seconds(2);

bool is_slow(const DemoFrame& frame) {
  return frame.at >= frame.plan.slow_from() && frame.at < frame.plan.slow_to();
}

/// Of the last second whose visits have all ended.
double recent_share(const LoadStats& route, Duration at) {
  const LoadBucket recent = route.recent(std::max(at - kSettling, Duration::zero()), kRecent);
  return recent.sent == 0 ? 1
                          : static_cast<double>(recent.sent_ok) / static_cast<double>(recent.sent);
}

double recent_rate(const LoadStats& route, Duration at) {
  return static_cast<double>(route.recent(at, kRecent).ended_as(CallEnd::kOk)) /
         to_seconds(kRecent);
}

/// The whole run on a fixed width; the future is not drawn.
std::vector<double> columns(const DemoFrame& frame,
                            double (*value)(const DemoFrame&, Duration, Duration)) {
  std::vector<double> values;
  const Duration step = frame.plan.length() / static_cast<int64_t>(kTimelineWidth);
  for (size_t i = 0; i < kTimelineWidth; ++i) {
    const Duration from = step * static_cast<int64_t>(i);
    if (from + step > frame.at) break;
    values.push_back(value(frame, from, from + step));
  }
  return values;
}

double catalogue_share(const DemoFrame& frame, Duration from, Duration to) {
  return answered_share(frame.catalogue, from, to);
}

double checkout_rate(const DemoFrame& frame, Duration from, Duration to) {
  return answered_rate(frame.checkout, from, to);
}

/// Marks the slow stretch below the timelines.
std::string slow_ruler(const DemoPlan& plan) {
  std::string out;
  const double step = to_seconds(plan.length()) / kTimelineWidth;
  for (size_t i = 0; i < kTimelineWidth; ++i) {
    const double middle = (static_cast<double>(i) + 0.5) * step;
    const bool slow = middle >= to_seconds(plan.slow_from()) && middle < to_seconds(plan.slow_to());
    out += slow ? "▔" : " ";
  }
  return out;
}

std::string timeline_rows(const DemoFrame& frame, const Painter& paint) {
  const double share = recent_share(frame.catalogue, frame.at);
  const double rate = recent_rate(frame.checkout, frame.at);
  const double bears = is_slow(frame) ? frame.plan.degraded_capacity()
                                      : frame.plan.degraded_capacity() * frame.plan.slow_factor;
  const auto catalogue = columns(frame, catalogue_share);
  const auto checkout = columns(frame, checkout_rate);
  std::string out = paint.bold("catalogue") + "  answered in time   ";
  out += pad(sparkline(catalogue, 1), kTimelineWidth, catalogue.size()) + "  ";
  const std::string figure = format("%3.0f %%", 100 * share);
  out += (share >= 0.99 ? paint.good(figure) : paint.bad(figure)) + "\n";
  out += paint.bold("checkout ") + "  sold a second      ";
  out += pad(sparkline(checkout, frame.plan.checkout_rate), kTimelineWidth, checkout.size()) + "  ";
  const bool fair = rate >= 0.8 * std::min(bears, frame.plan.checkout_rate);
  const std::string sold = format("%3.0f/s", rate);
  out += (fair ? paint.good(sold) : paint.bad(sold)) + "\n";
  out += std::string(30, ' ') + paint.warn(slow_ruler(frame.plan)) + "\n";
  out += std::string(30, ' ') +
         paint.dim(format("payments bears %.0f/s now, asked for %.0f/s", bears,
                          frame.plan.checkout_rate)) +
         "\n";
  return out;
}

std::string gauge_row(const Gauge& gauge, bool with_weir, const Painter& paint) {
  const uint64_t workers = std::max<uint64_t>(gauge.workers, 1);
  const size_t filled = std::min(kBarWidth, (gauge.busy * kBarWidth + workers - 1) / workers);
  const bool full = gauge.busy >= workers;
  const std::string bar = std::string(filled, '#');
  std::string out = format("%-9s [", gauge.name.c_str());
  out += (full ? paint.bad(bar) : paint.good(bar)) + std::string(kBarWidth - filled, ' ') + "]";
  out += format(" %3llu/%-3llu", static_cast<unsigned long long>(gauge.busy),
                static_cast<unsigned long long>(workers));
  if (with_weir) {
    out += format("  limit %4llu  refused %4.0f/s", static_cast<unsigned long long>(gauge.limit),
                  gauge.refused_per_second);
  } else {
    out += format("  waiting %6llu", static_cast<unsigned long long>(gauge.queued));
  }
  return out + "\n";
}

const Gauge* find(const DemoFrame& frame, size_t index) {
  return index < frame.gauges.size() ? &frame.gauges[index] : nullptr;
}

bool is_full(const Gauge* gauge) {
  return gauge != nullptr && gauge->workers > 0 && gauge->busy >= gauge->workers;
}

std::string sentence_without(const DemoFrame& frame) {
  const Gauge* gateway = find(frame, kGateway);
  const Gauge* checkout = find(frame, kCheckout);
  if (is_slow(frame)) {
    if (is_full(gateway)) {
      return "The gateway's workers all wait for checkout, which waits for payments: nobody is "
             "left "
             "to ask the healthy catalogue.";
    }
    if (is_full(checkout)) {
      return "Payments is 10x slower; checkout's workers all wait for it, and now the gateway's "
             "workers begin to wait for checkout.";
    }
    return "Payments has become 10x slower; requests pile up before it.";
  }
  if (is_full(gateway)) {
    return format(
        "Payments is well again, but the gateway works through %llu requests whose clients "
        "have long left, and retries keep the queue full.",
        static_cast<unsigned long long>(gateway->queued));
  }
  return "Payments is well again, and the shop has worked off its backlog.";
}

}  // namespace

std::string demo_sentence(const DemoFrame& frame) {
  if (frame.at < frame.plan.slow_from()) return "All is well: every service has workers to spare.";
  if (!frame.with_weir) return sentence_without(frame);
  double refused = 0;
  for (const Gauge& gauge : frame.gauges) refused += gauge.refused_per_second;
  if (is_slow(frame)) {
    return format(
        "Payments is 10x slower: weir lets in what it can bear and refuses %.0f/s at once, so "
        "checkout and the gateway keep workers free and catalogue does not notice.",
        refused);
  }
  if (refused > 1) return "Payments is well again: weir is opening up.";
  return "Payments is well again, and so is the whole shop.";
}

std::string demo_screen(const DemoFrame& frame, ViewStyle style) {
  const Painter paint(style);
  std::string out =
      paint.bold(frame.with_weir ? "weir lab demo   2 of 2: weir before each service"
                                 : "weir lab demo   1 of 2: without weir            ");
  out +=
      format("        %5.0f s of %.0f\n\n", to_seconds(frame.at), to_seconds(frame.plan.length()));
  const std::string slow = is_slow(frame) ? paint.bad("  << 10x slower") : "";
  out += "clients --> gateway --+--> catalogue\n";
  out += "                      +--> checkout --+--> inventory\n";
  out += "                                      +--> payments" + slow + "\n\n";
  out += timeline_rows(frame, paint) + "\n";
  out += paint.dim("workers held") + "\n";
  for (const Gauge& gauge : frame.gauges) out += gauge_row(gauge, frame.with_weir, paint);
  return out + "\n" + wrap(demo_sentence(frame), 78);
}

std::string demo_line(const DemoFrame& frame) {
  const Gauge* gateway = find(frame, kGateway);
  std::string out =
      format("%-12s %3.0f s  payments %-10s catalogue %3.0f %%  checkout %3.0f/s",
             frame.with_weir ? "with weir" : "without weir", to_seconds(frame.at),
             is_slow(frame) ? "10x slower" : "well", 100 * recent_share(frame.catalogue, frame.at),
             recent_rate(frame.checkout, frame.at));
  if (gateway != nullptr) {
    out += format("  gateway %llu/%llu", static_cast<unsigned long long>(gateway->busy),
                  static_cast<unsigned long long>(gateway->workers));
  }
  return out;
}

}  // namespace weir::lab
