package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	kafkago "github.com/segmentio/kafka-go"

	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
)

const (
	callTimeout = 5 * time.Second
	maxWait     = 500 * time.Millisecond
	fetchBytes  = 1 << 20
	maxFetch    = 8 << 20
)

// follow prints the topic's partitions up to their current ends, one after the other, and with c.Follow
// repeats that until ctx ends.
func follow(ctx context.Context, link *kafka.Link, c *config, p *printer) error {
	ranges, err := bounds(ctx, link, c.Topic, c.Partition, c.from)
	if err != nil {
		return err
	}
	for {
		for i := range ranges {
			if err := ranges[i].print(ctx, link, c.Topic, p); err != nil || ctx.Err() != nil {
				return ignoreInterrupt(ctx, err)
			}
		}
		if !c.Follow {
			return nil
		}
		select {
		case <-ctx.Done():
			return nil
		case <-time.After(maxWait / 5):
		}
		fresh, err := bounds(ctx, link, c.Topic, c.Partition, c.from)
		if err != nil {
			return ignoreInterrupt(ctx, err)
		}
		for i := range ranges {
			ranges[i].end = fresh[i].end
		}
	}
}

// ignoreInterrupt returns nil if ctx has ended, because an interruption is a regular end.
func ignoreInterrupt(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return nil
	}
	return err
}

// span is the unprinted part of a partition.
type span struct {
	partition int
	next, end int64
}

// bounds returns the beginning and end of a partition, or of each if partition is -1. from is the offset to
// begin at, or that many messages before the end if it is negative.
func bounds(ctx context.Context, link *kafka.Link, topic string, partition int, from int64) (spans []span, err error) {
	ctx, cancel := context.WithTimeout(ctx, callTimeout)
	defer cancel()
	m, err := link.Metadata(ctx, &kafkago.MetadataRequest{Topics: []string{topic}})
	if err != nil {
		return nil, err
	}
	if len(m.Topics) != 1 || m.Topics[0].Error != nil {
		return nil, fmt.Errorf("topic %s cannot be read or does not exist", topic)
	}
	var ask []kafkago.OffsetRequest
	for _, p := range m.Topics[0].Partitions {
		if partition < 0 || partition == p.ID {
			ask = append(ask, kafkago.FirstOffsetOf(p.ID), kafkago.LastOffsetOf(p.ID))
		}
	}
	if len(ask) == 0 {
		return nil, fmt.Errorf("topic %s has %d partitions, no number %d", topic, len(m.Topics[0].Partitions), partition)
	}
	r, err := link.ListOffsets(ctx, &kafkago.ListOffsetsRequest{Topics: map[string][]kafkago.OffsetRequest{topic: ask}})
	if err != nil {
		return nil, err
	}
	for _, p := range r.Topics[topic] {
		if p.Error != nil {
			return nil, fmt.Errorf("partition %d: %w", p.Partition, p.Error)
		}
		first := from
		if first < 0 {
			first += p.LastOffset
		}
		spans = append(spans, span{p.Partition, max(first, p.FirstOffset), p.LastOffset})
	}
	slices.SortFunc(spans, func(a, b span) int { return a.partition - b.partition })
	return spans, nil
}

// print prints a partition up to the end of the span.
func (s *span) print(ctx context.Context, link *kafka.Link, topic string, p *printer) error {
	return s.read(ctx, link, topic, func(offset int64, value []byte) { p.message(s.partition, offset, value) })
}

// read passes every message of a partition up to the end of the span to visit, and moves the span.
func (s *span) read(ctx context.Context, link *kafka.Link, topic string, visit func(offset int64, value []byte)) error {
	size := int64(fetchBytes)
	for s.next < s.end && ctx.Err() == nil {
		call, cancel := context.WithTimeout(ctx, callTimeout)
		r, err := link.Fetch(call, &kafkago.FetchRequest{Topic: topic, Partition: s.partition, Offset: s.next, MinBytes: 1, MaxBytes: size, MaxWait: maxWait})
		cancel()
		if err == nil {
			err = r.Error
		}
		if err != nil {
			return fmt.Errorf("partition %d, offset %d: %w", s.partition, s.next, err)
		}
		next, lowest, err := kafka.Walk(r.Records, s.next, revocation.MaxBatch, func(offset int64, value []byte) {
			if offset < s.end {
				visit(offset, value)
			}
		})
		if err != nil {
			return fmt.Errorf("partition %d, offset %d: %w", s.partition, next, err)
		}
		switch {
		case next > s.next:
			s.next = next
		case lowest >= 0 && lowest <= s.next:
			s.next++ // skip a hole that compaction left
		case size < maxFetch:
			size *= 2
		default:
			return errors.New("the broker returns no readable message although the log continues")
		}
	}
	return nil
}
