package main

import (
	"context"
	"errors"
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
	return fault{"a stranger writes " + what, []string{theTopic}, false, func(ctx context.Context, w *world, r *rand.Rand) error {
		s := newStranger(w.broker.Bootstrap(), w.topic)
		defer s.leave()
		from, codec := r.IntN(partitions), codecs[r.IntN(len(codecs))]
		// Another fault may be on: a stranger, too, has to try again.
		for deadline := time.Now().Add(callPatience); ; {
			err := s.utter(ctx, from, codec, say, r)
			if err == nil || !time.Now().Before(deadline) || !sleep(ctx, shortestFault) {
				return err
			}
		}
	}}
}

// longWinded fills every partition with more than a gateway fetches at once, so
// that reading a log again takes several steps.
func longWinded() fault {
	return fault{"a stranger writes a megabyte", []string{theTopic}, false, func(ctx context.Context, w *world, r *rand.Rand) error {
		s := newStranger(w.broker.Bootstrap(), w.topic)
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
