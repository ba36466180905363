#include "config/suggest.h"

#include <gtest/gtest.h>

namespace weir::config {
namespace {

const std::vector<std::string> kFlags = {"--listen", "--to", "--admin", "--dry-run"};

TEST(Nearest, OneEditOfEachKindIsForgiven) {
  EXPECT_EQ(nearest("--listn", kFlags), "--listen");
  EXPECT_EQ(nearest("--listeen", kFlags), "--listen");
  EXPECT_EQ(nearest("--listan", kFlags), "--listen");
  EXPECT_EQ(nearest("--lsiten", kFlags), "--listen");
}

TEST(Nearest, SaysNothingRatherThanNonsense) {
  EXPECT_EQ(nearest("--colour", kFlags), "");
  EXPECT_EQ(nearest("x", {"to"}), "");
  EXPECT_EQ(nearest("", kFlags), "");
  EXPECT_EQ(nearest("sim", {}), "");
}

TEST(Nearest, PrefersTheFewestEdits) {
  EXPECT_EQ(nearest("loda", {"land", "load"}), "load");
}

}  // namespace
}  // namespace weir::config
