package credential_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/credential"
	"github.com/railgate/railgate/issuance/outbox"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/provider"
	"github.com/railgate/railgate/issuance/provider/facecheck"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/test/harness/runtest"
)

// lateChecker is a face check provider that confirms the right evidence when it is released.
type lateChecker struct {
	facecheck.Sandbox
	entered chan struct{}
	release chan struct{}
}

const rightEvidence = "right"

func newLateChecker() *lateChecker {
	return &lateChecker{entered: make(chan struct{}, 1), release: make(chan struct{})}
}

func (l *lateChecker) Check(ctx context.Context, p provider.Person, evidence string) (facecheck.Result, error) {
	if evidence != rightEvidence {
		return l.Sandbox.Check(ctx, p, evidence)
	}
	l.entered <- struct{}{}
	select {
	case <-l.release:
		return l.Sandbox.Check(ctx, p, facecheck.SandboxPass)
	case <-ctx.Done():
		return facecheck.Result{}, ctx.Err()
	}
}

// addLockout adds a lockout to the harness.
func (d *harness) addLockout() {
	d.t.Helper()
	var err error
	d.Lockout, err = throttle.NewLockout(throttle.Config{Database: d.Outbox.Database(), Index: vault.New(d.Vault).Index, Now: d.Now})
	runtest.Must(d.t, err)
}

// from is a caller of the n-th test network.
func from(t *testing.T, n int) throttle.Caller {
	t.Helper()
	c, err := throttle.Proxies{}.Caller(fmt.Sprintf("198.51.100.%d:4711", n), nil)
	runtest.Must(t, err)
	return c
}

// Of a hundred concurrent guesses 99 are wrong, and the provider confirms the right one
// after the lock was set: it approves nothing and reveals nothing, for each use of a passed
// check.
func TestRightGuessAfterTheLockHasNoEffect(t *testing.T) {
	for name, use := range map[string]func(d *harness, s *credential.Service, n int) func() error{
		"a new application": func(d *harness, s *credential.Service, n int) func() error {
			h, _ := d.apply(s, n)
			return func() error { _, err := s.Check(d.t.Context(), h, rightEvidence, from(d.t, 1)); return err }
		},
		"an approved application": func(d *harness, s *credential.Service, n int) func() error {
			h, p := d.apply(s, n)
			if _, err := s.Check(d.t.Context(), h, facecheck.SandboxPass, from(d.t, 1)); err != nil {
				d.t.Fatal(err)
			}
			h = d.authorize(s, p)
			return func() error { _, err := s.Check(d.t.Context(), h, rightEvidence, from(d.t, 1)); return err }
		},
		"regained access": func(d *harness, s *credential.Service, n int) func() error {
			h, _ := d.apply(s, n)
			if _, err := s.Check(d.t.Context(), h, facecheck.SandboxPass, from(d.t, 1)); err != nil {
				d.t.Fatal(err)
			}
			return func() error {
				_, err := s.RecoverAccess(d.t.Context(), credential.Return{Name: "测试甲", DocumentType: "resident_id", DocumentNumber: number(n), Evidence: rightEvidence, Policy: testPolicy}, from(d.t, 1))
				return err
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			everyHarness(t, func(t *testing.T, d *harness) {
				provider := newLateChecker()
				d.Checker, d.CheckTimeout = provider, facecheck.MaxTimeout
				d.addLockout()
				s := d.openService()
				call := use(d, s, 1)
				before := checksOf(t, d.Outbox)
				right := make(chan error, 1)
				go func() { right <- call() }()
				<-provider.entered
				var wrong sync.WaitGroup
				for range 99 {
					wrong.Go(func() {
						h, _ := d.apply(s, 1)
						_, err := s.Check(t.Context(), h, facecheck.SandboxFail, from(t, 1))
						if !problem.Is(err, credential.CheckFailed) && !problem.Is(err, throttle.TooManyFailures) {
							t.Errorf("a wrong guess: %v", err)
						}
					})
				}
				wrong.Wait()
				close(provider.release)
				if err := <-right; !problem.Is(err, throttle.TooManyFailures) {
					t.Errorf("the right guess after the lock: %v", err)
				}
				if n := checksOf(t, d.Outbox); n != before {
					t.Errorf("%d checks are stored, want %d", n, before)
				}
			})
		})
	}
}

// checksOf counts the stored checks.
func checksOf(t *testing.T, s *outbox.Outbox) (n int) {
	t.Helper()
	runtest.Must(t, s.Database().Writer().QueryRow(`SELECT COUNT(*) FROM checks`).Scan(&n))
	return n
}

// Failures with a number from other networks do not lock its holder out: a few have no
// effect, many delay the next check by minutes.
func TestFailuresFromOtherNetworksDoNotLockTheHolderOut(t *testing.T) {
	d := newHarness(t)
	d.addLockout()
	s := d.openService()
	fail := func(n, network int) {
		t.Helper()
		h, _ := d.apply(s, n)
		if _, err := s.Check(t.Context(), h, facecheck.SandboxFail, from(t, network)); !problem.Is(err, credential.CheckFailed) {
			t.Fatalf("person %d from network %d: %v", n, network, err)
		}
	}
	pass := func(n, network int) error {
		h, _ := d.apply(s, n)
		_, err := s.Check(t.Context(), h, facecheck.SandboxPass, from(t, network))
		return err
	}
	for network := range 5 {
		fail(1, network)
	}
	if err := pass(1, 9); err != nil {
		t.Errorf("after five failures from five networks: %v", err)
	}
	for i := range throttle.DefaultRules.Faces.Failures {
		fail(2, i%5)
	}
	var r *problem.Error
	if err := pass(2, 9); !errors.As(err, &r) || r.Code != throttle.TooManyFailures || r.RetryAt > d.now.Add(throttle.DefaultRules.Faces.MaxLock).Unix() {
		t.Fatalf("after %d failures: %v", throttle.DefaultRules.Faces.Failures, err)
	}
	d.now = time.Unix(r.RetryAt, 0)
	if err := pass(2, 9); err != nil {
		t.Errorf("after the delay: %v", err)
	}
}
