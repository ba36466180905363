#include "proxy/load_report.h"

#include <gtest/gtest.h>

#include <string>

#include "weir/base/rng.h"

namespace weir::proxy {
namespace {

TEST(LoadReport, ReadsTextAndJson) {
  for (const char* header :
       {"TEXT cpu_utilization=0.3,application_utilization=1.25, rps_fractional=120.5,"
        "named_metrics.weir_credits=7,named_metrics.other=1",
        R"(JSON {"cpu_utilization": 0.3, "application_utilization":1.25,)"
        R"( "rps_fractional":120.5,"named_metrics":{"other":1,"weir_credits":7}})"}) {
    const LoadReport report = parse_load_report(header);
    EXPECT_EQ(report.cpu_utilization, 0.3) << header;
    EXPECT_EQ(report.utilization(), 1.25) << header;
    EXPECT_EQ(report.rps, 120.5) << header;
    EXPECT_EQ(report.credits, 7) << header;
  }
}

TEST(LoadReport, WhatIsNotToldIsNegative) {
  for (const char* header : {"", "TEXT", "BIN CgAA", "TEXT weir_credits=", "TEXT weir_credits=x",
                             "TEXT named_metrics.weir_credits=-3", "JSON {", "=", ":::", "TEXT =5",
                             "TEXT weir_credits=1e30"}) {
    const LoadReport report = parse_load_report(header);
    EXPECT_LT(report.credits, 0) << header;
    EXPECT_LT(report.utilization(), 0) << header;
  }
}

TEST(LoadReport, WhatIsWrittenIsRead) {
  for (const double utilization : {0.0, 0.05, 0.5, 1.0, 2.37}) {
    LoadReportLine line;
    write_load_report(utilization, 41, line);
    std::string_view text = line.view();
    ASSERT_TRUE(text.ends_with("\r\n"));
    text.remove_suffix(2);
    text.remove_prefix(std::string_view("endpoint-load-metrics: ").size());
    const LoadReport report = parse_load_report(text);
    EXPECT_NEAR(report.utilization(), utilization, 0.005);
    EXPECT_EQ(report.credits, 41);
  }
}

TEST(LoadReport, AnyBytesAreSafe) {
  constexpr std::string_view kAlphabet = "TEXT JSON{}\":=,.0123456789abeE-+weir_credits";
  for (uint64_t seed = 1; seed <= 5000; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    std::string text;
    for (uint64_t i = rng.below(60); i > 0; --i) text += kAlphabet[rng.below(kAlphabet.size())];
    parse_load_report(text);
  }
}

}  // namespace
}  // namespace weir::proxy
