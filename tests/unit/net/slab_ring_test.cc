#include "net/slab_ring.h"

#include <gtest/gtest.h>

#include <string>

#include "weir/base/rng.h"

namespace weir::net {
namespace {

TEST(SlabRing, HoldsSlabsOnlyForItsBytes) {
  SlabPool pool;
  SlabRing ring(pool);
  EXPECT_EQ(ring.append("hello"), 5U);
  EXPECT_EQ(pool.outstanding(), 1U);
  ring.consume(5);
  EXPECT_EQ(pool.outstanding(), 0U);
  EXPECT_EQ(ring.front(), "");
}

TEST(SlabRing, TakesNoMoreThanItsCapacity) {
  SlabPool pool;
  SlabRing ring(pool);
  const std::string much(SlabRing::kCapacity + 7, 'x');
  EXPECT_EQ(ring.append(much), SlabRing::kCapacity);
  EXPECT_EQ(ring.append("y"), 0U);
  ring.consume(3);
  EXPECT_EQ(ring.append("yyyy"), 3U);
  EXPECT_EQ(pool.outstanding(), SlabRing::kSlabs);
}

// Against a string as the model: same bytes in the same order, and never a slab more than needed.
TEST(SlabRing, AgreesWithAModelOverRandomSteps) {
  for (uint64_t seed = 1; seed <= 50; ++seed) {
    SCOPED_TRACE(seed);
    Rng rng(seed);
    SlabPool pool;
    SlabRing ring(pool);
    std::string model;
    char next = 'a';
    for (int step = 0; step < 400; ++step) {
      std::string bytes(rng.below(30'000), '\0');
      for (char& c : bytes) c = next = next == 'z' ? 'a' : static_cast<char>(next + 1);
      const size_t taken = ring.append(bytes);
      ASSERT_EQ(taken, std::min(bytes.size(), SlabRing::kCapacity - model.size()));
      model.append(bytes, 0, taken);
      if (taken < bytes.size()) next = model.empty() ? 'a' : model.back();
      std::string out(rng.below(model.size() + 1), '\0');
      if (step % 2 == 0) {
        ring.take({out.data(), out.size()});
        ASSERT_EQ(out, model.substr(0, out.size()));
      } else {
        ring.consume(out.size());
      }
      model.erase(0, out.size());
      ASSERT_EQ(ring.size(), model.size());
      ASSERT_EQ(ring.front(), std::string_view(model).substr(0, ring.front().size()));
      ASSERT_LE(pool.outstanding(), std::min(SlabRing::kSlabs, model.size() / SlabPool::kSlab + 2));
    }
  }
}

}  // namespace
}  // namespace weir::net
