package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/segmentio/kafka-go"
)

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
func loseTopic(ctx context.Context, w *world, _ *rand.Rand) error {
	s := newStranger(w.broker.Bootstrap(), w.topic)
	defer s.leave()
	lost := time.Now().UnixMilli()
	if err := s.deleteTopic(ctx); err != nil {
		return err
	}
	for deadline := time.Now().Add(madeAgainBound); !s.topicExists(ctx); {
		if !time.Now().Before(deadline) {
			w.report.incident("the topic was lost, and the issuer has not made it again after %v", madeAgainBound)
			return nil
		}
		if !sleep(ctx, pollEvery) {
			return ctx.Err()
		}
	}
	made := time.Now().UnixMilli()
	for _, g := range w.gateways {
		if err := w.awaitWatermark(ctx, g, made); err != nil && ctx.Err() == nil {
			w.report.incident("revocations acknowledged while the topic was lost may never reach a gate: %v", err)
			return nil
		}
	}
	asked := 0
	for _, e := range w.ledger.all() {
		before := w.ledger.look(e)
		if !before.Revoked || before.AckMS < lost || before.AckMS > made || !e.holder.good(time.Now()) {
			continue
		}
		asked++
		for _, g := range w.gateways {
			w.question(ctx, g, e, before)
		}
	}
	w.say.line("  the topic was lost for %.1fs; every gateway was asked for the %d credentials revoked meanwhile", float64(made-lost)/1000, asked)
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
