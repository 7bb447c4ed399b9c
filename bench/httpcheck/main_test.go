package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// The test binary is also the servers that the program under test starts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == serverCommand {
		os.Exit(exitCode(run(context.Background(), os.Args[1:], os.Stdin, os.Stdout, os.Stderr), os.Stderr))
	}
	os.Exit(m.Run())
}

func TestAShortRunEndsInATableAndAFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "result.txt")
	var out bytes.Buffer
	args := []string{"-pin=false", "-rounds=2", "-round=50ms", "-connections=4", "-sessions=3", "-out=" + file}
	if err := run(t.Context(), args, nil, &out, io.Discard); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, want := range []string{
		`(?m)^machine: .+ cores, go`,
		`(?m)^command: go run ./bench/httpcheck -connections 4 -sessions 3 -rounds 2 -round 50ms -pin=false$`,
		`(?m)^round 1 ours .* all allow\nround 1 plain-noop .*\nround 2 plain-noop .*\nround 2 ours .*$`,
		`(?m)^\| ours \| [1-9][0-9]* \| [0-9.]+ \| [0-9.]+ % \|$`,
		`(?m)^\| ours / plain-noop \| [0-9.]+ \| [0-9.]+ \| \|$`,
		`(?m)^floor: .*(held|NOT HELD)$`,
		`(?m)^NOT PINNED`,
	} {
		if !regexp.MustCompile(want).MatchString(out.String()) {
			t.Errorf("the report lacks %s:\n%s", want, out.String())
		}
	}
	if kept, err := os.ReadFile(file); err != nil || string(kept) != out.String() {
		t.Errorf("the file does not hold the report: %v", err)
	}
}

// A server that denies even once must not get a figure.
func TestADenialEndsTheRound(t *testing.T) {
	const good = `{"verdict":"allow","reason":"ok","class":"ok","padding":"................................................................"}`
	bad := strings.Replace(good, `"allow"`, `"deny" `, 1)
	noop, err := startServer(noopKind, false)
	if err != nil {
		t.Fatal(err)
	}
	defer noop.stop()
	if err := noop.answerWith([]byte(good)); err != nil {
		t.Fatal(err)
	}
	codes := newCodes(2, 2)
	s := side{name: "test", server: noop}
	codes.prepare(time.Now())
	if err := s.open(2, codes); err != nil {
		t.Fatal(err)
	}
	defer s.load.close()
	if r, err := s.round(codes, 20*time.Millisecond); err != nil || r.answers == 0 {
		t.Fatalf("allowing: %d answers, %v", r.answers, err)
	}
	if err := noop.answerWith([]byte(bad)); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.load.run(codes, 20*time.Millisecond); !errors.Is(err, errNotAllow) {
		t.Errorf("denying: got %v, want %v", err, errNotAllow)
	}
	if _, err := probe(noop.address, codes.request(0, 0)); !errors.Is(err, errNotAllow) {
		t.Errorf("the probe got %v, want %v", err, errNotAllow)
	}
}

// The gateway's own word: passes shown before are found in its cache, others are not.
func TestMissesOfTheCacheAreSeen(t *testing.T) {
	gateway, err := startServer(gatewayKind, false)
	if err != nil {
		t.Fatal(err)
	}
	defer gateway.stop()
	codes := newCodes(2, 8)
	s := side{name: "test", server: gateway}
	codes.prepare(time.Now())
	if err := s.open(2, codes); err != nil {
		t.Fatal(err)
	}
	defer s.load.close()
	if err := s.load.showAll(codes); err != nil {
		t.Fatal(err)
	}
	u, err := gateway.usage()
	if err != nil || u.misses < 16 || u.cpu <= 0 {
		t.Fatalf("after 16 new passes: %d misses, %v of processor time, %v", u.misses, u.cpu, err)
	}
	if r, err := s.round(codes, 50*time.Millisecond); err != nil || r.answers == 0 {
		t.Errorf("a round of known passes: %d answers, %v", r.answers, err)
	}
}

// A child that is gone is an error, not a wait.
func TestAServerThatEndedIsAnError(t *testing.T) {
	noop, err := startServer(noopKind, false)
	if err != nil {
		t.Fatal(err)
	}
	if err := noop.stop(); err != nil {
		t.Errorf("stopping: %v", err)
	}
	if _, err := noop.usage(); err == nil {
		t.Error("a server that ended told its usage")
	}
	if _, err := startServer("sundial", false); err == nil {
		t.Error("an unknown server started")
	}
}

func TestFlagsOutOfBoundsAreRefused(t *testing.T) {
	for _, args := range [][]string{{"-connections=0"}, {"-sessions=0"}, {"-sessions=2000"}, {"-rounds=0"}, {"-round=1ms"}, {"-round=31s"},
		{"-speed=1"}, {"more"}, {serverCommand}, {serverCommand, "sundial", "false"}} {
		err := run(t.Context(), args, strings.NewReader(""), io.Discard, io.Discard)
		if got := exitCode(err, io.Discard); got != 2 {
			t.Errorf("%v: exit code %d (%v), want 2", args, got, err)
		}
	}
	if got := exitCode(run(t.Context(), []string{"-h"}, nil, io.Discard, io.Discard), io.Discard); got != 0 {
		t.Errorf("-h: exit code %d, want 0", got)
	}
}
