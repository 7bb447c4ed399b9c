package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"

	"github.com/railgate/railgate/bundle"
	"github.com/railgate/railgate/revocation"
	"github.com/railgate/railgate/revocation/kafka"
	"github.com/railgate/railgate/tokens"
)

// keysFrom reads keys from a file: a key file, a gateway's snapshot or a bundle.
func keysFrom(path string, authority *revocation.Authority) (*bundle.Keys, error) {
	raw, err := readFile(path, revocation.MaxSnapshot)
	if err != nil {
		return nil, err
	}
	var keys *bundle.Keys
	switch {
	case bytes.HasPrefix(raw, []byte("RGS")):
		var s *revocation.Snapshot
		if s, err = revocation.DecodeSnapshot(raw); err == nil {
			keys, err = bundle.OpenKeys(s.Proofs, authority)
		}
	case bytes.HasPrefix(raw, []byte("RGO")):
		var b *bundle.Bundle
		if b, err = bundle.Open(raw, authority, nil); err == nil {
			keys = b.Keys
		}
	default:
		keys, err = bundle.OpenKeyFile(raw, authority)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return keys, nil
}

// useKeys reads the keys of the topic, and exports them or verifies a receipt with them. Messages that do not
// verify are skipped: they announce nothing.
func useKeys(ctx context.Context, link *kafka.Link, c *config, out io.Writer) error {
	var batches [][]byte
	c.Follow, c.from = false, 0
	p := printer{authority: c.authority, replicas: map[int]*numbering{}, visit: func(raw []byte) { batches = append(batches, bytes.Clone(raw)) }}
	if err := follow(ctx, link, c, &p); err != nil {
		return err
	}
	if err := ctx.Err(); err != nil {
		return errors.New("interrupted before the end of the topic; nothing was written")
	}
	if c.ExportKeys == "" {
		keys, err := bundle.OpenKeys(batches, c.authority)
		if err != nil {
			return err
		}
		return showReceipt(out, c.Receipt, c.Code, keys)
	}
	keys, err := exportKeys(c.ExportKeys, batches, c.authority)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "%s: %d issuer keys and %d gateways in %d signed batches, the newest of %s\n", c.ExportKeys,
		len(keys.Issuer()), len(keys.Gateways()), len(keys.Proofs()), clock(keys.NewestMS()))
	return nil
}

// showReceipt verifies a receipt with the keys and prints it. The file contains the receipt in Base64, as in JSON,
// or its bytes. codePath names a file with the code's text, to check that the receipt is about it; it may be
// empty.
func showReceipt(out io.Writer, path, codePath string, keys *bundle.Keys) error {
	raw, err := readFile(path, 4096)
	if err != nil {
		return err
	}
	if !bytes.HasPrefix(raw, []byte("RGR")) {
		if raw, err = bundle.ReceiptText.DecodeString(strings.TrimRight(string(raw), "\r\n")); err != nil {
			return fmt.Errorf("%s: neither a receipt nor the Base64 of one", path)
		}
	}
	r, err := bundle.OpenReceipt(raw, keys)
	if r != nil {
		fmt.Fprintf(out, "receipt  gateway %d  judged %s  scanned %s  watermark %s\n", r.Gateway, clock(r.Judged), clock(r.Scanned), clock(r.Watermark))
		fmt.Fprintf(out, "verdict  %s  reason %s  scope %s  device %q\ncode     SHA-256 %x\n", r.Decision, r.Reason, r.Scope, r.Device, r.Code)
	}
	if err != nil {
		return fmt.Errorf("%s proves nothing: %w", path, err)
	}
	if codePath != "" {
		code, err := readFile(codePath, 4096)
		if err != nil {
			return err
		}
		if bundle.HashCode(bytes.TrimRight(code, "\r\n")) != r.Code {
			return fmt.Errorf("%s is about another code than %s", path, codePath)
		}
		fmt.Fprintln(out, "the receipt is about the code in", codePath)
	}
	key, _ := keys.Gateway(r.Gateway)
	state := "not withdrawn"
	if key.Cutoff != tokens.Never {
		state = "withdrawn from " + clock(key.Cutoff*1000)
	}
	fmt.Fprintf(out, "genuine  the authority announced the gateway's key; %s, as of %s\n", state, clock(keys.NewestMS()))
	return nil
}

// showBundle verifies a bundle and prints what it contains.
func showBundle(out io.Writer, path string, authority *revocation.Authority, serials bool) error {
	raw, err := readFile(path, bundle.MaxBundle)
	if err != nil {
		return err
	}
	b, err := bundle.Open(raw, authority, nil)
	if err != nil {
		return fmt.Errorf("%s is refused (%s): %w", path, bundle.Code(err), err)
	}
	kind := "full"
	if !b.Full() {
		kind = "delta since " + clock(b.SinceMS)
	}
	fmt.Fprintf(out, "bundle  gateway %d  %s  made %s  watermark %s  epoch %d  %d bytes, genuine\n", b.Gateway, kind, clock(b.MadeMS), clock(b.WatermarkMS), b.Epoch, len(raw))
	p := b.Policy
	fmt.Fprintf(out, "policy  device %q  station %q  scopes %s  stale after %d s  expired after %d s\n", p.Device, p.Station, strings.Join(p.Scopes.Names(), " "), p.StaleAfter, p.ExpiredAfter)
	for _, k := range b.Keys.Issuer() {
		state := "trusted"
		if k.Cutoff != tokens.Never {
			state = "cutoff " + clock(k.Cutoff*1000)
		}
		exempt := 0
		if set := b.Exempt[k.ID]; set != nil {
			exempt, _ = set.Len()
		}
		fmt.Fprintf(out, "key %d  %x  %s  %d exempted\n", k.ID, k.Public, state, exempt)
	}
	count := func(set *revocation.Set) (n int) {
		if set != nil {
			n, _ = set.Len()
		}
		return n
	}
	fmt.Fprintf(out, "%d revoked  %d unrevoked  %d cutoffs  %d closed sessions  %d forgiven  %d amnesties\n",
		count(b.Revoked), count(b.Unrevoked), len(b.Cutoffs), len(b.Closed), len(b.Forgiven), len(b.Amnesties))
	if b.Passages != nil {
		fmt.Fprintf(out, "%d passages since %s  reach %s\n", len(b.Passages.List), clock(b.Passages.SinceMS), b.Passages.Reach)
	}
	if b.Bookings != nil {
		fmt.Fprintf(out, "%d bookings of train %s  watermark %s\n", len(b.Bookings.Bodies), b.Bookings.Train, clock(b.Bookings.WatermarkMS))
	}
	if serials && b.Revoked != nil {
		for s := range b.Revoked.All() {
			fmt.Fprintln(out, s)
		}
	}
	return nil
}

// exportKeys writes the signed batches about keys to a key file, together with those that it contains already:
// the topic keeps them for days, the file for as long as receipts matter.
func exportKeys(path string, batches [][]byte, authority *revocation.Authority) (*bundle.Keys, error) {
	keys := new(bundle.Keys)
	if _, err := os.Stat(path); err == nil {
		if keys, err = keysFrom(path, authority); err != nil {
			return nil, err
		}
	} else if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	keys, err := keys.With(batches, authority)
	if err != nil {
		return nil, err
	}
	next := path + ".new"
	if err := os.WriteFile(next, keys.Encode(authority), 0o644); err != nil {
		return nil, err
	}
	return keys, os.Rename(next, path)
}
