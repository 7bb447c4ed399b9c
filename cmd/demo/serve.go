package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/loadtest"
)

const (
	firstPassenger = 20              // the scripted run uses the passengers before
	retryAfter     = 5 * time.Second // after a failure to get a code
)

// stayUp runs a system in real time until ctx ends and shows its codes.
func stayUp(ctx context.Context, at addresses, out io.Writer, log *zap.Logger) error {
	h, err := openSystem(at, log)
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.awaitReady(); err != nil {
		return err
	}
	target, err := h.writeTarget()
	if err != nil {
		return err
	}
	defer os.Remove(target)
	s := &display{phone: phone{system: h}, passenger: firstPassenger}
	p := &page{out: out, screen: terminal(out), target: target}
	ticket, err := h.makeVisitor()
	if err != nil {
		return err
	}
	if err := h.introduce(out, ticket, p.screen); err != nil {
		return err
	}
	for {
		code, notice, err := s.next()
		wait := retryAfter
		switch {
		case err == nil:
			p.print(s, code, notice)
			wait = max(time.Until(time.Unix(code.NextAt, 0))+50*time.Millisecond, time.Second)
		case !p.begun:
			return err
		default:
			p.trouble(err)
		}
		select {
		case <-ctx.Done():
			fmt.Fprintln(out, "\nstopping")
			return nil
		case <-time.After(wait):
		}
	}
}

// writeTarget writes the load test's target file. It contains secrets, so only its owner may read
// it.
func (h *system) writeTarget() (string, error) {
	path := loadtest.DefaultTargetFile()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	text, err := json.MarshalIndent(loadtest.Target{
		Gateway: h.beijing.url, Issuer: h.issuer, Device: h.beijing.devices[entryGate], Staff: h.staff,
		LoadKey:  loadtest.LoadKey{ID: loadKeyID, Seed: h.loadSeed},
		Passback: h.beijing.devices[turnstile], Second: h.shanghai.devices[turnstile], SecondGateway: h.shanghai.url,
	}, "", "  ")
	if err != nil {
		return "", err
	}
	os.Remove(path) // an earlier run's file may have other permissions
	return path, os.WriteFile(path, append(text, '\n'), 0o600)
}
