package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/railgate/railgate/bench/httpcheck/corpus"
	"github.com/railgate/railgate/bench/httpcheck/load"
	"github.com/railgate/railgate/bench/httpcheck/servers"
	"github.com/railgate/railgate/bench/rivals/jwtgate"
	"github.com/railgate/railgate/tokens"
)

const (
	// warmCount is the number of warm-up passes; none of them is used later.
	warmCount = 1000
	// jwtCount is the number of tokens shown in turn: the rival caches none, so each is new to it.
	jwtCount = 32 << 10
	// batchConnections is less than for single requests: each carries 256 codes.
	batchConnections = 8
	// jwtSpare is how long a rival's tokens stay valid: longer than all rounds.
	jwtSpare = 15 * time.Minute
)

// measureCached sends passes that the servers have in their caches.
func (b *bench) measureCached() error {
	ours, err := b.gateway()
	if err != nil {
		return err
	}
	defer ours.Stop()
	requests := func(now time.Time) (*corpus.Requests, error) { return b.shown(now), nil }
	sides := []*side{{name: "HTTPCached/ours", server: ours, requests: requests, hits: true}}
	if b.wants(cachedNoop) {
		noop, err := b.noop(ours, b.shown(time.Now()))
		if err != nil {
			return err
		}
		defer noop.Stop()
		sides = append(sides, &side{name: "HTTPCached/plain-noop", server: noop, requests: requests})
	}
	if b.wants(cachedNginx) {
		const name = "HTTPCached/nginx-lua-cache"
		nginx, err := servers.StartNginx(b.cpu)
		if err != nil {
			b.notRun(name, err)
		} else {
			defer nginx.Stop()
			texts, err := jwtgate.Mint(b.sessions, time.Now(), jwtSpare, tokens.ScopeNames())
			if err != nil {
				return err
			}
			made := corpus.Texts(texts, corpus.Gate)
			sides = append(sides, &side{name: name, server: nginx, hits: true,
				requests: func(time.Time) (*corpus.Requests, error) { return made, nil }})
		}
	}
	for _, s := range sides {
		s.connections, s.answerMax = b.connections, answerMax
	}
	if len(sides) < 2 {
		return nil // no rival is available: the row cannot be measured
	}
	if err := b.alternate(sides); err != nil {
		return fmt.Errorf("passes in the cache: %w", err)
	}
	return nil
}

// measureBeyond sends passes in the cache to a gateway that also checks tickets and second use.
func (b *bench) measureBeyond() error {
	ours, err := servers.Start(servers.Beyond, b.cpu)
	if err != nil {
		return err
	}
	defer ours.Stop()
	noop, err := b.noop(ours, b.shown(time.Now()))
	if err != nil {
		return err
	}
	defer noop.Stop()
	requests := func(now time.Time) (*corpus.Requests, error) { return b.shown(now), nil }
	sides := []*side{{name: "HTTPBeyond/ours", server: ours, requests: requests, hits: true},
		{name: "HTTPBeyond/plain-noop", server: noop, requests: requests}}
	for _, s := range sides {
		s.connections, s.answerMax = b.connections, answerMax
	}
	if err := b.alternate(sides); err != nil {
		return fmt.Errorf("tickets and second use: %w", err)
	}
	return nil
}

// measureNew sends passes that no server has seen: each round starts a server, and each pass is
// sent to it once.
func (b *bench) measureNew() error {
	b.log("opening %d sessions", b.fresh)
	b.new.Codes(time.Now())
	warmers := corpus.NewSessions(min(warmCount, b.fresh), corpus.FirstWarm)
	warm := func(now time.Time) (*corpus.Requests, error) {
		return corpus.Singles(warmers.Codes(now), corpus.Gate, corpus.Allowed), nil
	}
	sides := []*side{{name: "HTTPNew/ours", start: b.gateway, connections: b.connections, answerMax: answerMax, misses: true, warm: warm,
		requests: func(now time.Time) (*corpus.Requests, error) {
			return corpus.Singles(b.new.Codes(now), corpus.Gate, corpus.Allowed).Through(), nil
		}}}
	if b.wants(everyNew) {
		texts, err := jwtgate.Mint(min(jwtCount, b.fresh), time.Now(), jwtSpare, tokens.ScopeNames())
		if err != nil {
			return err
		}
		made := corpus.Texts(texts, corpus.Gate)
		sides = append(sides, &side{name: "HTTPNew/fasthttp-jwt", connections: b.connections, answerMax: answerMax,
			start:    func() (servers.Server, error) { return servers.Start(servers.JWT, b.cpu) },
			requests: func(time.Time) (*corpus.Requests, error) { return made, nil },
			warm:     func(time.Time) (*corpus.Requests, error) { return made.First(warmCount), nil }})
	}
	if b.wants(batch) {
		const name = "HTTPNew/ours-batch"
		if missing, err := b.noBatches(); err != nil {
			return err
		} else if missing != nil {
			b.notRun(name, missing)
		} else {
			sides = append(sides, &side{name: name, start: b.gateway, connections: batchConnections, answerMax: corpus.BatchAnswerMax, misses: true, warm: warm,
				requests: func(now time.Time) (*corpus.Requests, error) {
					return corpus.Batches(b.new.Codes(now), corpus.BatchSize, now).Through(), nil
				}})
		}
	}
	if len(sides) < 2 {
		return nil
	}
	if err := b.alternate(sides); err != nil {
		return fmt.Errorf("every pass new: %w", err)
	}
	return nil
}

// noBatches returns in missing why the gateway has no batches, or nil.
func (b *bench) noBatches() (missing, err error) {
	s, err := b.gateway()
	if err != nil {
		return nil, err
	}
	defer s.Stop()
	now := time.Now()
	// One code: a gateway without batches would reject a large body for its size.
	answer, err := load.Ask(s.Address(), corpus.Batches(corpus.NewSessions(1, corpus.FirstWarm).Codes(now), 1, now).Next(), answerMax)
	if err != nil {
		return nil, fmt.Errorf("a batch: %w", err)
	}
	if answer.Status == 404 {
		return errors.New("this gateway has no /v1/checks (404)"), nil
	}
	return nil, nil
}
