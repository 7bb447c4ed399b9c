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

// strangerFaults are what somebody who may write into the topic, but holds no
// key, can put there.
func strangerFaults() []fault {
	return []fault{
		says("random bytes", func(_ [][]byte, r *rand.Rand) [][]byte { return [][]byte{noise(r, r.IntN(2000))} }),
		says("truncated copies", copies(func(m []byte, r *rand.Rand) []byte { return m[:r.IntN(len(m))] })),
		says("lengthened copies", copies(func(m []byte, r *rand.Rand) []byte { return append(m, noise(r, 1+r.IntN(100))...) })),
		says("copies with a flipped bit", copies(func(m []byte, r *rand.Rand) []byte {
			m[r.IntN(len(m))] ^= 1 << r.IntN(8)
			return m
		})),
		says("exact replays", copies(func(m []byte, _ *rand.Rand) []byte { return m })),
		says("replays of another partition", nil),
		says("messages without a value", func([][]byte, *rand.Rand) [][]byte { return [][]byte{nil, {}} }),
		says("messages that are too large", func(_ [][]byte, r *rand.Rand) [][]byte {
			return [][]byte{noise(r, revocation.MaxBatch+1+r.IntN(revocation.MaxBatch/2))}
		}),
		longWinded(),
	}
}

// copies changes each of what was heard.
func copies(change func(m []byte, r *rand.Rand) []byte) func([][]byte, *rand.Rand) [][]byte {
	return func(heard [][]byte, r *rand.Rand) (said [][]byte) {
		for _, m := range heard {
			said = append(said, change(m, r))
		}
		return said
	}
}

// says makes a fault of a way to turn what was heard in a partition into what is
// said in the same one. nil says it unchanged in the next partition.
func says(what string, say func(heard [][]byte, r *rand.Rand) [][]byte) fault {
	return fault{"a stranger writes " + what, []string{theTopic}, false, func(ctx context.Context, sys *system, r *rand.Rand) error {
		s := newStranger(sys.broker.Bootstrap(), sys.topic)
		defer s.leave()
		from, codec := r.IntN(partitions), codecs[r.IntN(len(codecs))]
		// Another fault may be on: a stranger, too, has to try again.
		var err error
		await(ctx, callPatience, shortestFault, func() bool {
			err = s.utter(ctx, from, codec, say, r)
			return err == nil
		})
		return err
	}}
}

// longWinded fills every partition with more than a gateway fetches at once, so
// that reading a log again takes several steps.
func longWinded() fault {
	return fault{"a stranger writes a megabyte", []string{theTopic}, false, func(ctx context.Context, sys *system, r *rand.Rand) error {
		s := newStranger(sys.broker.Bootstrap(), sys.topic)
		defer s.leave()
		for p := range partitions {
			for range 1 + (1<<20)/revocation.MaxBatch {
				if err := s.speak(ctx, p, 0, noise(r, revocation.MaxBatch)); err != nil {
					return err
				}
			}
		}
		return nil
	}}
}

var codecs = []kafka.Compression{0, kafka.Gzip, kafka.Snappy, kafka.Lz4, kafka.Zstd}

func (s *stranger) utter(ctx context.Context, from int, codec kafka.Compression, say func([][]byte, *rand.Rand) [][]byte, r *rand.Rand) error {
	heard, err := s.overhear(ctx, from)
	if err != nil {
		return err
	}
	if len(heard) == 0 {
		return errors.New("the partition is empty")
	}
	first := r.IntN(len(heard))
	heard = heard[first : first+1+r.IntN(len(heard)-first)]
	if say == nil {
		return s.speak(ctx, (from+1)%partitions, codec, heard...)
	}
	return s.speak(ctx, from, codec, say(heard, r)...)
}

// madeAgainBound bounds the way from a lost topic to a new one: the issuer waits 3 s
// before it believes the loss, and may have to take its lease again.
const madeAgainBound = 30 * time.Second

// lostFaults are losses that only the issuer can make good.
func lostFaults() []fault {
	return []fault{
		{"topic lost, as by a broker that comes back empty", []string{theBroker, theTopic, theIssuer}, true, loseTopic},
	}
}

// loseTopic takes the topic away and leaves it to the issuer to make it again.
// Revocations go on being acknowledged; each must reach every gateway.
func loseTopic(ctx context.Context, sys *system, _ *rand.Rand) error {
	s := newStranger(sys.broker.Bootstrap(), sys.topic)
	defer s.leave()
	lost := time.Now().UnixMilli()
	if err := s.deleteTopic(ctx); err != nil {
		return err
	}
	if !await(ctx, madeAgainBound, pollEvery, func() bool { return s.topicExists(ctx) }) {
		if ctx.Err() == nil {
			sys.report.incident("the topic was lost, and the issuer has not made it again after %v", madeAgainBound)
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
	asked := 0
	for _, e := range sys.ledger.all() {
		before := sys.ledger.look(e)
		if !before.Revoked || before.AckMS < lost || before.AckMS > made || !e.holder.good(time.Now()) {
			continue
		}
		asked++
		for _, g := range sys.gateways {
			sys.question(ctx, g, e, before)
		}
	}
	sys.say.line("  the topic was lost for %.1fs; every gateway was asked for the %d credentials revoked meanwhile", float64(made-lost)/1000, asked)
	if asked == 0 && ctx.Err() == nil {
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
		return fmt.Errorf("deleting the topic: %w", err)
	}
	// The client answers questions about the topic from memory: let it forget.
	sleep(ctx, 2*s.transport.MetadataTTL)
	return nil
}

// topicExists asks whether brokers know the topic with all its partitions.
func (s *stranger) topicExists(ctx context.Context) bool {
	ctx, cancel := context.WithTimeout(ctx, callPatience)
	defer cancel()
	m, err := s.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{s.topic}})
	return err == nil && len(m.Topics) == 1 && m.Topics[0].Error == nil && len(m.Topics[0].Partitions) == partitions
}
