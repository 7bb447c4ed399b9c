package main

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/bench/httpcheck/corpus"
	"github.com/railgate/railgate/bench/httpcheck/servers"
	"github.com/railgate/railgate/loadtest/openloop"
)

func tiny(t *testing.T) *bench {
	t.Helper()
	o, err := parse([]string{"-pin=false", "-rounds=1", "-round=30ms", "-connections=2", "-sessions=4", "-new=200"}, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	b, err := newBench(context.Background(), o, io.Discard, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// fakeServer is a server in this process.
type fakeServer struct {
	address string
	misses  uint64
}

func (s *fakeServer) Address() string { return s.address }
func (s *fakeServer) Stop() error     { return nil }
func (s *fakeServer) Usage() (servers.Usage, error) {
	return servers.Usage{CPU: time.Duration(time.Now().UnixNano()), Misses: s.misses}, nil
}

func serve(t *testing.T, handler http.HandlerFunc) *fakeServer {
	t.Helper()
	listener, err := net.Listen("tcp4", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
	go server.Serve(listener)
	t.Cleanup(func() { server.Close() })
	return &fakeServer{address: listener.Addr().String()}
}

const yes = `{"verdict":"allow","reason":"ok","class":"ok"}`

// batches answers with one verdict for each code, minus short.
func batches(short int) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			panic(http.ErrAbortHandler)
		}
		answer := []byte(`{"verdicts":[` + strings.Repeat(yes+",", strings.Count(string(body), `"code"`)-1-short) + yes + `]}`)
		w.Header()["Content-Length"] = []string{strconv.Itoa(len(answer))}
		w.Write(answer)
	}
}

func TestBatchCountsItsTokens(t *testing.T) {
	b := tiny(t)
	requests := func(now time.Time) (*corpus.Requests, error) {
		return corpus.Batches(b.new.Codes(now), 50, now).Through(), nil
	}
	s := &side{server: serve(t, batches(0)), connections: 2, answerMax: corpus.BatchAnswerMax, requests: requests,
		warm: func(now time.Time) (*corpus.Requests, error) { return corpus.Batches(b.cached.Codes(now), 4, now), nil }}
	f, err := b.round(s)
	if err != nil || f.tokens == 0 || f.tokens%50 != 0 || f.cpu <= 0 {
		t.Errorf("got %+v, %v, want a multiple of 50 tokens", f, err)
	}
	s.server = serve(t, batches(1))
	if f, err := b.round(s); err == nil {
		t.Errorf("a result despite a missing verdict in every answer: %+v", f)
	}
}

// A server that denies or declines even once gets no figure.
func TestOnlyRoundsWithoutDenialsGetAFigure(t *testing.T) {
	b := tiny(t)
	for _, c := range []struct {
		name, body string
		status     int
		good       bool
	}{
		{"allowing", yes, 200, true},
		{"denying", strings.Replace(yes, `"allow"`, `"deny" `, 1), 200, false},
		{"declining", "", 503, false},
	} {
		s := &side{connections: 2, answerMax: answerMax, requests: func(now time.Time) (*corpus.Requests, error) { return b.shown(now), nil },
			server: serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header()["Content-Length"] = []string{strconv.Itoa(len(c.body))}
				w.WriteHeader(c.status)
				io.WriteString(w, c.body)
			})}
		f, err := b.round(s)
		if (err == nil) != c.good {
			t.Errorf("%s: %+v, %v", c.name, f, err)
		}
		if c.status == 503 && !errors.Is(err, openloop.ErrDeclined) {
			t.Errorf("%s: %v, want %v", c.name, err, openloop.ErrDeclined)
		}
	}
}

func TestRoundWithUnintendedCacheHitsIsInvalid(t *testing.T) {
	for _, c := range []struct {
		name           string
		side           side
		tokens, misses int
		good           bool
	}{
		{"all known", side{hits: true}, 1000, 0, true},
		{"one in a thousand forgotten", side{hits: true}, 1000, 1, true},
		{"two forgotten", side{hits: true}, 1000, 2, false},
		{"all new", side{misses: true}, 1000, 1000, true},
		{"one known by chance", side{misses: true}, 1000, 999, true},
		{"two known", side{misses: true}, 1000, 998, false},
		{"no requirement", side{}, 1000, 500, true},
	} {
		if err := c.side.valid(c.tokens, c.misses); (err == nil) != c.good {
			t.Errorf("%s: %v", c.name, err)
		}
	}
}

// By the gateway's own counter, known passes are found in its cache and others are not.
func TestCacheMissesAreCounted(t *testing.T) {
	b := tiny(t)
	server, err := b.gateway()
	if err != nil {
		t.Fatal(err)
	}
	defer server.Stop()
	requests := func(now time.Time) (*corpus.Requests, error) { return b.shown(now), nil }
	known := &side{server: server, requests: requests, connections: 2, answerMax: answerMax, hits: true}
	if f, err := b.round(known); err != nil || f.tokens == 0 {
		t.Errorf("known passes: %+v, %v", f, err)
	}
	u, err := server.Usage()
	if err != nil || u.Misses < 4 || u.CPU <= 0 {
		t.Errorf("after 4 new passes: %+v, %v", u, err)
	}
	known.hits, known.misses = false, true
	if _, err := b.round(known); err == nil {
		t.Error("known passes were accepted as new ones")
	}
}
