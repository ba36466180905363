#include "lab/demo_result.h"

#include <algorithm>

#include "lab/format.h"

namespace weir::lab {
namespace {

// The bounds of the claims; the first three are the project's promise for this demo.
constexpr double kCatalogueShareMin = 0.99;
constexpr double kCheckoutOfCapacityMin = 0.9;
constexpr Duration kRecoveryMax = std::chrono::seconds(5);
constexpr double kHealthyShareMin = 0.999;
constexpr double kRecoveredShare = 0.95;
// "Dies": most visits fail. In practice nearly all do.
constexpr double kDeadShareMax = 0.5;

std::string percent(double share) {
  return format("%.1f %%", 100 * share);
}

}  // namespace

double answered_share(const LoadStats& route, Duration from, Duration to) {
  const LoadBucket sum = route.between(from, to);
  return sum.sent == 0 ? 1 : static_cast<double>(sum.sent_ok) / static_cast<double>(sum.sent);
}

double answered_rate(const LoadStats& route, Duration from, Duration to) {
  const auto answered = static_cast<double>(route.between(from, to).ended_as(CallEnd::kOk));
  return to > from ? answered / to_seconds(to - from) : 0;
}

std::optional<Duration> recovery(const LoadStats& route, Duration heal, Duration end,
                                 double share) {
  const Duration step = route.bucket_width();
  constexpr Duration kStretch = std::chrono::seconds(1);
  std::optional<Duration> well_since;
  for (Duration from = heal; from + kStretch <= end; from += step) {
    if (answered_share(route, from, from + kStretch) < share) {
      well_since.reset();
    } else if (!well_since) {
      well_since = from - heal;
    }
  }
  return well_since;
}

std::vector<Claim> judge(const DemoResult& result) {
  const DemoPlan& plan = result.plan;
  const Duration from = plan.slow_from();
  const Duration to = plan.slow_to();
  std::vector<Claim> claims;

  const double dead = answered_share(result.without.catalogue, from, to);
  claims.push_back({"without weir, a slow payments takes the healthy catalogue down",
                    percent(dead) + " answered", "< 50 %", dead < kDeadShareMax});

  const double healthy = std::min(answered_share(result.with.catalogue, {}, from),
                                  answered_share(result.with.checkout, {}, from));
  claims.push_back({"with weir, nobody is turned away while all is well",
                    percent(healthy) + " answered", ">= 99.9 %", healthy >= kHealthyShareMin});

  const double alive = answered_share(result.with.catalogue, from, to);
  claims.push_back({"with weir, catalogue does not notice", percent(alive) + " answered", ">= 99 %",
                    alive >= kCatalogueShareMin});

  const double sold = answered_rate(result.with.checkout, from, to);
  const double bound = kCheckoutOfCapacityMin * plan.degraded_capacity();
  claims.push_back({"with weir, checkout sells what payments can bear",
                    format("%.1f/s of %.0f/s", sold, plan.degraded_capacity()),
                    format(">= %.0f/s", bound), sold >= bound});

  const auto catalogue = recovery(result.with.catalogue, to, plan.length(), kRecoveredShare);
  const auto checkout = recovery(result.with.checkout, to, plan.length(), kRecoveredShare);
  const bool came_back = catalogue && checkout;
  const Duration took = came_back ? std::max(*catalogue, *checkout) : Duration::max();
  claims.push_back({"with weir, all is well again soon after payments heals",
                    came_back ? format("%.1f s", to_seconds(took)) : std::string("not in this run"),
                    "<= 5 s", took <= kRecoveryMax});
  return claims;
}

std::string claims_text(const std::vector<Claim>& claims) {
  std::string out;
  for (const Claim& claim : claims) {
    out += format("%s  %s\n", claim.held ? "PASS" : "FAIL", claim.sentence.c_str());
    out += format("      %s (%s)\n", claim.figure.c_str(), claim.bound.c_str());
  }
  return out;
}

}  // namespace weir::lab
