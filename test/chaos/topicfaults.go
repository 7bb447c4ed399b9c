package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/segmentio/kafka-go"

	"github.com/railgate/railgate/revocation"
)

// strangerFaults are messages of a writer who has access to the topic but no key.
func strangerFaults() []fault {
	return []fault{
		strangerWrites("random bytes", func(_ [][]byte, r *rand.Rand) [][]byte { return [][]byte{noise(r, r.IntN(2000))} }),
		strangerWrites("truncated copies", copies(func(m []byte, r *rand.Rand) []byte { return m[:r.IntN(len(m))] })),
		strangerWrites("lengthened copies", copies(func(m []byte, r *rand.Rand) []byte { return append(m, noise(r, 1+r.IntN(100))...) })),
		strangerWrites("copies with a flipped bit", copies(func(m []byte, r *rand.Rand) []byte {
			m[r.IntN(len(m))] ^= 1 << r.IntN(8)
			return m
		})),
		strangerWrites("exact replays", copies(func(m []byte, _ *rand.Rand) []byte { return m })),
		strangerWrites("replays of another partition", nil),
		strangerWrites("messages without a value", func([][]byte, *rand.Rand) [][]byte { return [][]byte{nil, {}} }),
		strangerWrites("messages that are too large", func(_ [][]byte, r *rand.Rand) [][]byte {
			return [][]byte{noise(r, revocation.MaxBatch+1+r.IntN(revocation.MaxBatch/2))}
		}),
		strangerWritesMegabyte(),
	}
}

// copies applies a change to each message read.
func copies(change func(m []byte, r *rand.Rand) []byte) func([][]byte, *rand.Rand) [][]byte {
	return func(messages [][]byte, r *rand.Rand) (changed [][]byte) {
		for _, m := range messages {
			changed = append(changed, change(m, r))
		}
		return changed
	}
}

// strangerWrites makes a fault of a function that turns messages read from a partition into
// messages written to the same one. nil writes them unchanged to the next partition.
func strangerWrites(what string, change func(messages [][]byte, r *rand.Rand) [][]byte) fault {
	return fault{"a stranger writes " + what, []string{theTopic}, false, func(ctx context.Context, sys *system, r *rand.Rand) error {
		s := newStranger(sys.broker.Bootstrap(), sys.topic)
		defer s.close()
		from, codec := r.IntN(partitions), codecs[r.IntN(len(codecs))]
		// Another fault may be active: the stranger tries again too.
		var err error
		await(ctx, callPatience, shortestFault, func() bool {
			err = s.writeFrom(ctx, from, codec, change, r)
			return err == nil
		})
		return err
	}}
}

// strangerWritesMegabyte fills every partition with more than a gateway fetches in one request, so
// reading a log again takes several steps.
func strangerWritesMegabyte() fault {
	return fault{"a stranger writes a megabyte", []string{theTopic}, false, func(ctx context.Context, sys *system, r *rand.Rand) error {
		s := newStranger(sys.broker.Bootstrap(), sys.topic)
		defer s.close()
		for p := range partitions {
			for range 1 + (1<<20)/revocation.MaxBatch {
				if err := s.write(ctx, p, 0, noise(r, revocation.MaxBatch)); err != nil {
					return err
				}
			}
		}
		return nil
	}}
}

var codecs = []kafka.Compression{0, kafka.Gzip, kafka.Snappy, kafka.Lz4, kafka.Zstd}

func (s *stranger) writeFrom(ctx context.Context, from int, codec kafka.Compression, change func([][]byte, *rand.Rand) [][]byte, r *rand.Rand) error {
	messages, err := s.readNewest(ctx, from)
	if err != nil {
		return err
	}
	if len(messages) == 0 {
		return errors.New("the partition is empty")
	}
	first := r.IntN(len(messages))
	messages = messages[first : first+1+r.IntN(len(messages)-first)]
	if change == nil {
		return s.write(ctx, (from+1)%partitions, codec, messages...)
	}
	return s.write(ctx, from, codec, change(messages, r)...)
}

// recreateBound bounds the time from the loss of a topic to a new one: the issuer waits 3 s before
// it accepts the loss, and may have to acquire its lease again.
const recreateBound = 30 * time.Second

// lostFaults are losses that only the issuer can repair.
func lostFaults() []fault {
	return []fault{
		{"topic lost, as after a broker restart without its data", []string{theBroker, theTopic, theIssuer}, true, loseTopic},
	}
}

// loseTopic deletes the topic and leaves its recreation to the issuer. Revocations continue to be
// acknowledged; each must reach every gateway.
func loseTopic(ctx context.Context, sys *system, _ *rand.Rand) error {
	s := newStranger(sys.broker.Bootstrap(), sys.topic)
	defer s.close()
	lost := time.Now().UnixMilli()
	if err := s.deleteTopic(ctx); err != nil {
		return err
	}
	if !await(ctx, recreateBound, pollEvery, func() bool { return s.topicExists(ctx) }) {
		if ctx.Err() == nil {
			sys.report.incident("the topic was lost, and the issuer has not recreated it after %v", recreateBound)
		}
		return ctx.Err()
	}
	made := time.Now().UnixMilli()
	for _, g := range sys.gateways {
		if err := sys.awaitWatermark(ctx, g, made); err != nil && ctx.Err() == nil {
			sys.report.incident("revocations acknowledged while the topic was lost may never reach a gate: %v", err)
			return nil
		}
	}
	checked := 0
	for _, e := range sys.ledger.all() {
		before := sys.ledger.statusOf(e)
		if !before.Revoked || before.AckMS < lost || before.AckMS > made || !e.holder.usable(time.Now()) {
			continue
		}
		checked++
		for _, g := range sys.gateways {
			sys.checkAndJudge(ctx, g, e, before)
		}
	}
	sys.log.printf("  the topic was lost for %.1fs; the %d credentials revoked meanwhile were checked at every gateway", float64(made-lost)/1000, checked)
	if checked == 0 && ctx.Err() == nil {
		return errors.New("nothing was revoked while the topic was lost")
	}
	return nil
}

func (s *stranger) deleteTopic(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, callPatience)
	defer cancel()
	r, err := s.DeleteTopics(ctx, &kafka.DeleteTopicsRequest{Topics: []string{s.topic}})
	if err != nil {
		return err
	}
	if err := r.Errors[s.topic]; err != nil {
		return fmt.Errorf("delete the topic: %w", err)
	}
	// The client caches metadata: let it expire.
	sleep(ctx, 2*s.transport.MetadataTTL)
	return nil
}

// topicExists reports whether the brokers know the topic with all its partitions.
func (s *stranger) topicExists(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, callPatience)
	defer cancel()
	m, err := s.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{s.topic}})
	return err == nil && len(m.Topics) == 1 && m.Topics[0].Error == nil && len(m.Topics[0].Partitions) == partitions
}
