package main

import (
	"fmt"
	"time"

	"github.com/railgate/railgate/bench/httpcheck/corpus"
	"github.com/railgate/railgate/bench/httpcheck/servers"
	"github.com/railgate/railgate/bench/rivals/jwtgate"
	"github.com/railgate/railgate/tokens"
)

// jwtSpare is how long a rival's tokens stay good after they were made: all rounds and more.
const jwtSpare = 15 * time.Minute

// measureCached asks for passes that the servers know.
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
		return nil // no rival is here: the line cannot be measured
	}
	if err := b.alternate(sides); err != nil {
		return fmt.Errorf("passes in the cache: %w", err)
	}
	return nil
}
