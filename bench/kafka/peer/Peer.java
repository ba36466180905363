import io.confluent.parallelconsumer.ParallelConsumerOptions;
import io.confluent.parallelconsumer.ParallelStreamProcessor;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Delivers a topic by POST with Confluent's parallel-consumer: key order, its documented use. */
public final class Peer {
  public static void main(String[] args) throws Exception {
    final String brokers = args[0];
    final String topic = args[1];
    final URI target = URI.create(args[2]);
    final int concurrency = Integer.parseInt(args[3]); // 0: its default
    final long count = Long.parseLong(args[4]);

    final Properties settings = new Properties();
    settings.put("bootstrap.servers", brokers);
    settings.put("group.id", "peer");
    settings.put("auto.offset.reset", "earliest");
    settings.put("enable.auto.commit", "false");
    settings.put("key.deserializer", ByteArrayDeserializer.class.getName());
    settings.put("value.deserializer", ByteArrayDeserializer.class.getName());

    final var options = ParallelConsumerOptions.<byte[], byte[]>builder()
        .ordering(ParallelConsumerOptions.ProcessingOrder.KEY)
        .consumer(new KafkaConsumer<byte[], byte[]>(settings));
    if (concurrency > 0) options.maxConcurrency(concurrency);

    final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    final AtomicLong done = new AtomicLong();
    final AtomicLong began = new AtomicLong();
    final CountDownLatch all = new CountDownLatch(1);
    final var processor = ParallelStreamProcessor.createEosStreamProcessor(options.build());
    processor.subscribe(List.of(topic));
    processor.poll(context -> {
      began.compareAndSet(0, System.nanoTime());
      final HttpRequest request = HttpRequest.newBuilder(target)
          .timeout(Duration.ofSeconds(30))
          .POST(HttpRequest.BodyPublishers.ofByteArray(context.getSingleConsumerRecord().value()))
          .build();
      try {
        final var answer = client.send(request, HttpResponse.BodyHandlers.discarding());
        if (answer.statusCode() >= 300) throw new IllegalStateException("" + answer.statusCode());
      } catch (java.io.IOException | InterruptedException error) {
        throw new IllegalStateException(error);
      }
      if (done.incrementAndGet() == count) all.countDown();
    });
    all.await();
    System.out.printf("{\"seconds\": %.3f}%n", (System.nanoTime() - began.get()) / 1e9);
    System.out.flush();
    Runtime.getRuntime().halt(0); // what it commits at the end is not part of the figure
  }
}
