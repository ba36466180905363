#include <gtest/gtest.h>

#include <algorithm>

#include "lab/demo_picture.h"
#include "lab/demo_report.h"
#include "lab/demo_result.h"
#include "lab/demo_view.h"

namespace weir::lab {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;

/// A run in which `share` of the visits of each second is answered, 20 ms after it was sent.
template <typename Share>
LoadStats route(const DemoPlan& plan, double rate, Share share) {
  LoadStats stats(plan.length() + seconds(3), milliseconds(500));
  const auto step = from_seconds(1 / rate);
  double owed = 0;
  for (Duration at{}; at < plan.length(); at += step) {
    stats.sent(at);
    owed += share(at);
    const bool answered = owed >= 1;
    if (answered) owed -= 1;
    stats.ended({at, at + milliseconds(20), answered ? CallEnd::kOk : CallEnd::kTimedOut,
                 answered ? 200 : 0});
  }
  return stats;
}

bool slow_at(const DemoPlan& plan, Duration at) {
  return at >= plan.slow_from() && at < plan.slow_to();
}

/// What the demo should look like.
DemoResult good_result() {
  const DemoPlan plan;
  const auto well = [](Duration) { return 1.0; };
  const auto dead = [&plan](Duration at) { return at < plan.slow_from() ? 1.0 : 0.0; };
  const auto sold = [&plan](Duration at) {
    return slow_at(plan, at) ? 0.95 * plan.degraded_capacity() / plan.checkout_rate : 1.0;
  };
  return {plan,
          {route(plan, plan.catalogue_rate, dead), route(plan, plan.checkout_rate, dead)},
          {route(plan, plan.catalogue_rate, well), route(plan, plan.checkout_rate, sold)}};
}

std::vector<bool> verdicts(const DemoResult& result) {
  std::vector<bool> held;
  for (const Claim& claim : judge(result)) held.push_back(claim.held);
  return held;
}

TEST(DemoResult, AllClaimsHoldWhenWeirDoesItsWork) {
  EXPECT_EQ(verdicts(good_result()), std::vector<bool>(5, true));
}

TEST(DemoResult, EachClaimCanFail) {
  const DemoPlan plan;
  const auto broken = [&](size_t claim) {
    DemoResult result = good_result();
    LoadStats& with_catalogue = result.with.catalogue;
    LoadStats& with_checkout = result.with.checkout;
    const auto lame = [&plan](Duration at) { return slow_at(plan, at) ? 0.98 : 1.0; };
    const auto late = [&plan](Duration at) {
      return at >= plan.slow_from() && at < plan.slow_to() + seconds(6) ? 0.38 : 1.0;
    };
    switch (claim) {
      case 0: result.without = {with_catalogue, with_checkout}; break;
      case 1:
        with_checkout = route(plan, plan.checkout_rate, [&plan](Duration at) {
          return at < seconds(1) ? 0.9 : slow_at(plan, at) ? 0.38 : 1.0;
        });
        break;
      case 2: with_catalogue = route(plan, plan.catalogue_rate, lame); break;
      case 3:
        with_checkout = route(plan, plan.checkout_rate,
                              [&plan](Duration at) { return slow_at(plan, at) ? 0.3 : 1.0; });
        break;
      default: with_checkout = route(plan, plan.checkout_rate, late); break;
    }
    return result;
  };
  for (size_t claim = 0; claim < 5; ++claim) {
    std::vector<bool> expected(5, true);
    expected[claim] = false;
    EXPECT_EQ(verdicts(broken(claim)), expected) << "claim " << claim;
  }
}

TEST(DemoResult, RecoveryIsTheMomentFromWhichItStaysWell) {
  const DemoPlan plan;
  const Duration heal = plan.slow_to();
  const auto relapse = [heal](Duration at) {
    return at >= heal && at < heal + seconds(2)                ? 0.0
           : at >= heal + seconds(4) && at < heal + seconds(5) ? 0.5
                                                               : 1.0;
  };
  const auto took = recovery(route(plan, 100, relapse), heal, plan.length(), 0.95);
  ASSERT_TRUE(took);
  EXPECT_EQ(*took, Duration(seconds(5)));
  EXPECT_FALSE(recovery(route(plan, 100, [](Duration) { return 0.5; }), heal, plan.length(), 0.95));
}

size_t width_of(const std::string& line) {
  size_t columns = 0;
  bool escape = false;
  for (const char c : line) {
    if (c == '\x1b') escape = true;
    if (!escape && (c & 0xc0) != 0x80) ++columns;  // one a UTF-8 sequence
    if (escape && c == 'm') escape = false;
  }
  return columns;
}

std::vector<std::string> lines_of(const std::string& text) {
  std::vector<std::string> lines;
  size_t begin = 0;
  for (size_t end = text.find('\n'); end != std::string::npos; end = text.find('\n', begin)) {
    lines.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return lines;
}

std::vector<Gauge> gauges(bool full) {
  std::vector<Gauge> out;
  for (const ShopService& service : kShop) {
    out.push_back({service.name, service.workers, full ? service.workers : 1, full ? 123456u : 0u,
                   12345, full ? 9999.0 : 0.0});
  }
  return out;
}

TEST(DemoView, TheScreenFitsEightyByTwentyFourAtAnyMoment) {
  const DemoResult result = good_result();
  for (const bool with_weir : {false, true}) {
    for (Duration at{}; at <= result.plan.length(); at += milliseconds(700)) {
      for (const bool full : {false, true}) {
        const DemoRun& run = with_weir ? result.with : result.without;
        const DemoFrame frame{result.plan,   with_weir,    at,
                              run.catalogue, run.checkout, gauges(full)};
        const auto lines = lines_of(demo_screen(frame, {.colour = true}));
        EXPECT_LE(lines.size(), 23u);
        for (const std::string& line : lines) EXPECT_LE(width_of(line), 79u) << line;
        EXPECT_LE(demo_line(frame).size(), 99u);
      }
    }
  }
}

TEST(DemoView, WithoutColourThereIsNoEscape) {
  const DemoResult result = good_result();
  const DemoFrame frame{result.plan,          true,        seconds(10), result.with.catalogue,
                        result.with.checkout, gauges(true)};
  EXPECT_EQ(demo_screen(frame, {.colour = false}).find('\x1b'), std::string::npos);
  EXPECT_NE(demo_screen(frame, {.colour = true}).find('\x1b'), std::string::npos);
}

TEST(DemoView, TheSentenceSaysWhoHoldsWhom) {
  const DemoResult result = good_result();
  const auto sentence = [&](bool with_weir, Duration at, bool full) {
    return demo_sentence({result.plan, with_weir, at, result.without.catalogue,
                          result.without.checkout, gauges(full)});
  };
  EXPECT_NE(sentence(false, seconds(2), false).find("All is well"), std::string::npos);
  EXPECT_NE(sentence(false, seconds(10), true).find("healthy catalogue"), std::string::npos);
  EXPECT_NE(sentence(false, seconds(30), true).find("123456 requests"), std::string::npos);
  EXPECT_NE(sentence(true, seconds(10), true).find("refuses"), std::string::npos);
}

TEST(DemoView, SparklinesSpanTheirRange) {
  EXPECT_EQ(sparkline({0, 0.5, 1, 2}, 1), "▁▄██");
  EXPECT_EQ(sparkline({}, 1), "");
  EXPECT_EQ(sparkline({1}, 0), "▁");
}

TEST(DemoReport, ThePictureIsOneDocumentWithoutOutsideHelp) {
  const std::string svg = demo_svg(good_result());
  EXPECT_TRUE(svg.starts_with("<svg "));
  EXPECT_TRUE(svg.ends_with("</svg>\n"));
  EXPECT_EQ(svg.find("href"), std::string::npos);
  EXPECT_EQ(svg.find("nan"), std::string::npos);
  EXPECT_NE(svg.find("prefers-color-scheme"), std::string::npos);
  EXPECT_NE(svg.find("100 % while slow"), std::string::npos);
}

TEST(DemoReport, ThePageShowsEachClaimAndItsFigure) {
  const DemoResult result = good_result();
  const auto claims = judge(result);
  const std::string html = demo_html(result, claims);
  for (const Claim& claim : claims) {
    EXPECT_NE(html.find(claim.sentence), std::string::npos);
    EXPECT_NE(html.find(claim.figure), std::string::npos);
  }
  EXPECT_EQ(html.find("http://www.w3.org/2000/svg"), html.rfind("http"));
  EXPECT_EQ(html.find("FAIL"), std::string::npos);
}

TEST(DemoReport, TheTableFitsEightyColumns) {
  for (const std::string& line : lines_of(demo_table(good_result()))) {
    EXPECT_LE(width_of(line), 80u) << line;
  }
}

}  // namespace
}  // namespace weir::lab
