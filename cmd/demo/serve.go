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
	firstPassenger = 7               // the story has had those before
	tryAgain       = 5 * time.Second // after a code could not be had
)

// stayUp runs a system in real time until ctx ends and keeps a code on show.
func stayUp(ctx context.Context, at addresses, out io.Writer, log *zap.Logger) error {
	h, err := open(at, log)
	if err != nil {
		return err
	}
	defer h.close()
	if err := h.fresh(); err != nil {
		return err
	}
	target, err := h.writeTarget()
	if err != nil {
		return err
	}
	defer os.Remove(target)
	s := &show{phone: phone{system: h}, passenger: firstPassenger}
	p := &page{out: out, screen: terminal(out), target: target}
	for {
		code, news, err := s.next()
		wait := tryAgain
		switch {
		case err == nil:
			p.print(s, code, news)
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

// writeTarget tells the load test where this system is and what it may use. The
// file holds secrets of it, so only its owner can read it.
func (h *system) writeTarget() (string, error) {
	path := loadtest.DefaultTargetFile()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return "", err
	}
	text, err := json.MarshalIndent(loadtest.Target{
		Gateway: h.gateway, Issuer: h.issuer, Device: h.entryGate, Staff: h.staff,
		LoadKey: loadtest.LoadKey{ID: loadKeyID, Seed: h.loadSeed},
	}, "", "  ")
	if err != nil {
		return "", err
	}
	os.Remove(path) // what an earlier run left may have other permissions
	return path, os.WriteFile(path, append(text, '\n'), 0o600)
}
