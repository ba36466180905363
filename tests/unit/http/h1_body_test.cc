#include "http/h1_body.h"

#include <gtest/gtest.h>

#include <string>

namespace weir::http {
namespace {

struct Decoded {
  std::string payload;
  std::string trailers;
  BodyEvent last = BodyEvent::kNeedMore;
  H1Error error = H1Error::kNone;
  size_t consumed = 0;
};

Decoded decode_all(BodyDecoder& decoder, std::string_view in) {
  Decoded out;
  for (;;) {
    const BodyStep step = decoder.decode(in.substr(out.consumed));
    out.consumed += step.consumed;
    out.payload += step.payload;
    out.last = step.event;
    out.error = step.error;
    if (step.event == BodyEvent::kTrailer) {
      out.trailers.append(step.trailer.name).append("=").append(step.trailer.value).append(";");
    } else if (step.event != BodyEvent::kData) {
      return out;
    }
  }
}

Decoded decode_chunked(std::string_view in) {
  BodyDecoder decoder({BodyKind::kChunked, 0});
  return decode_all(decoder, in);
}

TEST(BodyDecoder, NoBodyIsDoneAtOnce) {
  BodyDecoder none({BodyKind::kNone, 0});
  EXPECT_EQ(decode_all(none, "next").last, BodyEvent::kDone);
  BodyDecoder empty({BodyKind::kLength, 0});
  EXPECT_TRUE(empty.done());
}

TEST(BodyDecoder, ContentLengthTakesExactlyThatMuch) {
  BodyDecoder decoder({BodyKind::kLength, 5});
  EXPECT_EQ(decode_all(decoder, "he").last, BodyEvent::kNeedMore);
  EXPECT_EQ(decoder.remaining(), 3u);
  EXPECT_FALSE(decoder.finish_at_close());
  const Decoded rest = decode_all(decoder, "lloGET /");
  EXPECT_EQ(rest.payload, "llo");
  EXPECT_EQ(rest.consumed, 3u);
  EXPECT_EQ(rest.last, BodyEvent::kDone);
}

TEST(BodyDecoder, UntilCloseEndsWithTheConnection) {
  BodyDecoder decoder({BodyKind::kUntilClose, 0});
  EXPECT_EQ(decode_all(decoder, "abc").payload, "abc");
  EXPECT_FALSE(decoder.done());
  EXPECT_TRUE(decoder.finish_at_close());
  EXPECT_TRUE(decoder.done());
}

TEST(BodyDecoder, ChunkedPayloadPointsIntoTheInput) {
  const std::string in = "5\r\nhello\r\n00C\r\n, wide world\r\n0\r\n\r\nnext";
  const Decoded out = decode_chunked(in);
  EXPECT_EQ(out.payload, "hello, wide world");
  EXPECT_EQ(out.last, BodyEvent::kDone);
  EXPECT_EQ(in.substr(out.consumed), "next");
  BodyDecoder decoder({BodyKind::kChunked, 0});
  const BodyStep first = decoder.decode(in);
  EXPECT_EQ(first.payload.data(), in.data() + 3);
}

TEST(BodyDecoder, ExtensionsAreDropped) {
  EXPECT_EQ(decode_chunked("1;a=b;c=\"d\"\r\nx\r\n0;e\r\n\r\n").payload, "x");
}

TEST(BodyDecoder, TrailersComeOneByOne) {
  const Decoded out = decode_chunked("0\r\nGrpc-Status: 0\r\nX-Sum:  a b \r\n\r\n");
  EXPECT_EQ(out.trailers, "Grpc-Status=0;X-Sum=a b;");
  EXPECT_EQ(out.last, BodyEvent::kDone);
}

TEST(BodyDecoder, AnIncompleteTrailerLineIsLeftInTheInput) {
  BodyDecoder decoder({BodyKind::kChunked, 0});
  const std::string in = "0\r\nX-Sum: a\r";
  EXPECT_EQ(decode_all(decoder, in).consumed, 3u);
  EXPECT_EQ(decode_all(decoder, "X-Sum: ab\r\n\r\n").trailers, "X-Sum=ab;");
}

TEST(BodyDecoder, ATruncatedChunkedBodyIsNotWhole) {
  for (std::string_view in : {"", "5", "5\r\nhel", "5\r\nhello\r\n", "0\r\n", "0\r\nX: 1\r\n"}) {
    BodyDecoder decoder({BodyKind::kChunked, 0});
    EXPECT_EQ(decode_all(decoder, in).last, BodyEvent::kNeedMore) << in;
    EXPECT_FALSE(decoder.finish_at_close()) << in;
  }
}

struct Bad {
  std::string in;
  H1Error error;
};

TEST(BodyDecoder, MalformedChunksAreErrors) {
  using enum H1Error;
  using namespace std::string_literals;
  const Bad rows[] = {
      {"0x3\r\nabc\r\n0\r\n\r\n", kBadChunkSize},
      {"+3\r\nabc\r\n", kBadChunkSize},
      {"-3\r\nabc\r\n", kBadChunkSize},
      {" 3\r\nabc\r\n", kBadChunkSize},
      {"3 \r\nabc\r\n", kBadChunkSize},
      {"3 ;a\r\nabc\r\n", kBadChunkSize},
      {"3\t\r\nabc\r\n", kBadChunkSize},
      {"\r\n", kBadChunkSize},
      {";a\r\n", kBadChunkSize},
      {"g\r\n", kBadChunkSize},
      {"1000000000000000\r\n", kBadChunkSize},
      {"10000000000000003\r\nabc\r\n", kBadChunkSize},
      {"0000000000000003\r\nabc\r\n", kBadChunkSize},
      {"3\nabc\r\n0\r\n\r\n", kBareLf},
      {"\n3\r\nabc\r\n", kBareLf},
      {"3;a\nabc\r\n", kBareLf},
      {"3\rabc\r\n", kBareCr},
      {"3;a\rb\r\nabc\r\n", kBareCr},
      {"3\r\nabc\n0\r\n\r\n", kBareLf},
      {"3\r\nabcd\r\n0\r\n\r\n", kBadChunkData},
      {"3\r\nabc\r0\r\n\r\n", kBareCr},
      {"3\r\nabc0\r\n\r\n", kBadChunkData},
      {"3;\0\r\nabc\r\n"s, kControlCharacter},
      {"0\r\nX: 1\n\r\n", kBareLf},
      {"0\r\n\n", kBareLf},
      {"0\r\nX: 1\rY\r\n\r\n", kBareCr},
      {"0\r\nX : 1\r\n\r\n", kBadTrailer},
      {"0\r\n X: 1\r\n\r\n", kBadTrailer},
      {"0\r\nX\r\n\r\n", kBadTrailer},
      {"0\r\nX: \0\r\n\r\n"s, kControlCharacter},
      {"1;" + std::string(300, 'e') + "\r\nx\r\n", kChunkExtensionsTooLarge},
      {"0\r\nX: " + std::string(5000, 't'), kTrailersTooLarge},
  };
  for (const Bad& row : rows) {
    const Decoded out = decode_chunked(row.in);
    EXPECT_EQ(out.last, BodyEvent::kError) << row.in;
    EXPECT_EQ(to_string(out.error), to_string(row.error)) << row.in;
  }
}

TEST(BodyDecoder, ExtensionsAndTrailersAreBoundedInTotal) {
  std::string many_extensions;
  for (int i = 0; i < 100; ++i) many_extensions += "1;" + std::string(200, 'e') + "\r\nx\r\n";
  EXPECT_EQ(decode_chunked(many_extensions).error, H1Error::kChunkExtensionsTooLarge);
  std::string many_trailers = "0\r\n";
  for (int i = 0; i < 40; ++i) many_trailers += "X: 1\r\n";
  EXPECT_EQ(decode_chunked(many_trailers).error, H1Error::kTrailersTooLarge);
}

TEST(BodyDecoder, AnErrorIsForGood) {
  BodyDecoder decoder({BodyKind::kChunked, 0});
  EXPECT_EQ(decode_all(decoder, "x").last, BodyEvent::kError);
  EXPECT_EQ(decode_all(decoder, "1\r\na\r\n").last, BodyEvent::kError);
  EXPECT_FALSE(decoder.finish_at_close());
}

TEST(ChunkHeader, IsLowerCaseHexadecimal) {
  EXPECT_EQ(ChunkHeader(1).view(), "1\r\n");
  EXPECT_EQ(ChunkHeader(0x1f4a0).view(), "1f4a0\r\n");
  EXPECT_EQ(ChunkHeader(~uint64_t{0}).view(), "ffffffffffffffff\r\n");
}

TEST(ForbiddenTrailers, FramingRoutingAndCredentials) {
  EXPECT_TRUE(is_forbidden_trailer(HeaderName::kTransferEncoding));
  EXPECT_TRUE(is_forbidden_trailer(HeaderName::kHost));
  EXPECT_TRUE(is_forbidden_trailer(HeaderName::kAuthorization));
  EXPECT_FALSE(is_forbidden_trailer(HeaderName::kGrpcStatus));
  EXPECT_FALSE(is_forbidden_trailer(HeaderName::kServerTiming));
  EXPECT_FALSE(is_forbidden_trailer(HeaderName::kOther));
}

}  // namespace
}  // namespace weir::http
