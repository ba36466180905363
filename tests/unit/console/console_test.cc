#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "console/admin_client.h"
#include "console/paint.h"
#include "console/report.h"
#include "console/top_model.h"

namespace weir::console {
namespace {

const char* const kTold = R"({"request_id":"r1","time_ms":0,"result":"refused",
  "reason":"concurrency_limit","detail":"orders is at its limit: 118 of 118 in flight",
  "method":"GET","path":"/orders/7","route":"default","upstream":"orders","priority":"CRITICAL",
  "queue_ms":0,"upstream_ms":0,"total_ms":3,"gates":[
  {"gate":"route","verdict":"passed","value":null,"bound":null,"unit":"","why":"leads to orders"},
  {"gate":"limiter","verdict":"refused","value":118,"bound":118,"unit":"requests",
   "why":"law elastic moved it","change":"--limit-max"}]})";

const char* const kSeries = R"([{"metric":"weir_inflight","stat":"value","upstream":"orders"},
  {"metric":"weir_concurrency_limit","stat":"value","upstream":"orders"},
  {"metric":"weir_inflight","stat":"value","upstream":"stock"},
  {"metric":"weir_requests_total","stat":"rate","route":"a","priority":"CRITICAL",
   "outcome":"success"}])";

std::string tick(const std::string& row) {
  return R"({"version":"1.2.3","status":{"level":"shedding","sentence":
 "Shedding 12 % of SHEDDABLE on orders"},"components":[{"kind":"limiter","upstream":"orders"},
 {"kind":"limiter","upstream":"stock"}],"routes":[["a","orders"]],"refusals":[)" +
         std::string(kTold) + R"(],"row":)" + row + "}";
}

TEST(Paint, WidthCountsWhatIsSeen) {
  EXPECT_EQ(width_of("abc"), 3u);
  EXPECT_EQ(width_of("→ 40"), 4u);
  EXPECT_EQ(width_of("\x1b[1mab\x1b[0m"), 2u);
}

TEST(Paint, CutsAtTheWidthAndEndsColours) {
  EXPECT_EQ(fit("abcdef", 4), "abc…");
  EXPECT_EQ(fit("abcd", 4), "abcd");
  EXPECT_EQ(width_of(fit("\x1b[31mabcdef\x1b[0m", 4)), 4u);
  EXPECT_TRUE(fit("\x1b[31mabcdef", 4).ends_with("\x1b[0m"));
  EXPECT_EQ(pad("ab", 4), "ab  ");
  EXPECT_EQ(pad_left("ab", 4), "  ab");
}

TEST(Paint, BarsAndLinesHaveTheirWidth) {
  for (const double share : {-1.0, 0.0, 0.31, 0.999, 1.0, 7.0})
    EXPECT_EQ(width_of(bar(share, 10)), 10u);
  EXPECT_EQ(sparkline(std::vector<double>{0, 4, 8, 20, -1}, 8), "▁▅██ ");
}

TEST(Report, AnExplanationNamesGateNumbersWhyAndWhatToChange) {
  const std::string text = explanation_text(nlohmann::json::parse(kTold), {});
  EXPECT_NE(text.find("request r1  refused: concurrency limit\n"), text.npos) << text;
  EXPECT_NE(text.find("orders is at its limit: 118 of 118 in flight\n"), text.npos);
  EXPECT_NE(text.find("limiter   ✕ refused     118 of 118 requests  law elastic moved it\n"),
            text.npos)
      << text;
  EXPECT_NE(text.find("to change it: --limit-max\n"), text.npos);
  EXPECT_EQ(text.find('\x1b'), text.npos) << "no colour unless asked";
}

TEST(AdminClient, ErrorsKeepTheRemedy) {
  const Error error = error_of({404, R"({"error":"no request","remedy":"use the tap"})"});
  EXPECT_EQ(error.kind, ErrorKind::kUsage);
  EXPECT_EQ(error.message, "no request");
  EXPECT_EQ(error.remedy, "use the tap");
  EXPECT_EQ(error_of({502, "<html>"}).kind, ErrorKind::kUnavailable);
}

TEST(AdminClient, EncodesWhatAUrlCannotHold) {
  EXPECT_EQ(percent_encoded("a b/ü"), "a%20b%2F%C3%BC");
}

struct TopModelTest : testing::Test {
  TopModelTest() {
    model.on_event("history", R"({"resumed":false,"series":)" + std::string(kSeries) +
                                  R"(,"rows":[[1000,1,10,5,50]]})");
    model.on_event("tick", tick("[2000,9,10,5,60]"));
  }
  std::string text(size_t columns, size_t rows) {
    std::string out;
    for (const std::string& line : model.frame(columns, rows, {})) out += line + "\n";
    return out;
  }
  TopModel model{"127.0.0.1:9901"};
};

TEST_F(TopModelTest, FillsEveryScreenAndNeverMore) {
  for (const size_t columns : {40u, 80u, 200u})
    for (const size_t rows : {10u, 24u, 60u}) {
      const auto frame = model.frame(columns, rows, {true});
      EXPECT_EQ(frame.size(), rows);
      for (const std::string& line : frame) EXPECT_LE(width_of(line), columns) << line;
    }
}

TEST_F(TopModelTest, TinyScreensDoNotBreakIt) {
  for (size_t columns = 0; columns < 12; ++columns)
    for (size_t rows = 0; rows < 12; ++rows)
      EXPECT_LE(model.frame(columns, rows, {true}).size(), rows);
}

TEST_F(TopModelTest, ShowsTheSentenceAndTheFiguresOfTheChosenUpstream) {
  EXPECT_NE(text(80, 24).find("✕ Shedding 12 % of SHEDDABLE on"), std::string::npos)
      << text(80, 24);
  EXPECT_NE(text(80, 24).find("in flight 9 of 10"), std::string::npos) << text(80, 24);
  EXPECT_NE(text(80, 24).find("served 60/s"), std::string::npos);
  EXPECT_NE(text(80, 24).find("refused: concurrency limit"), std::string::npos);
  model.choose_next(1);
  EXPECT_NE(text(80, 24).find("in flight 5 of 0"), std::string::npos) << text(80, 24);
  EXPECT_NE(text(80, 24).find("served 0/s"), std::string::npos) << "route a is not its own";
  model.choose_next(1);
  EXPECT_NE(text(80, 24).find("in flight 9 of 10"), std::string::npos);
}

TEST_F(TopModelTest, UnreadableEventsAreNothing) {
  model.on_event("tick", "{");
  model.on_event("other", "{}");
  EXPECT_NE(text(80, 24).find("in flight 9 of 10"), std::string::npos);
}

}  // namespace
}  // namespace weir::console
