package credential

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"

	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/store"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

// Mode says who keeps the secret seed of a session's chain.
type Mode string

// The modes. A gate sees no difference.
const (
	Anchor Mode = "anchor" // the phone: it sends the anchor and shows codes without network
	Hosted Mode = "hosted" // the issuer: the phone fetches each code
)

// Session is an open session as the phone needs it. Times are Unix seconds but
// for ServerTimeMs, from which the phone learns the server's clock.
type Session struct {
	Session      string
	Pass         *tokens.SignedPass // anchor mode only
	Serial       tokens.Serial
	ServerTimeMs int64
	StartAt      int64
	ExpiresAt    int64 // of the credential
}

// OpenSession uses up a passed check and signs a pass for 30 minutes (rule
// A11). anchor is 32 lower-case hex digits in anchor mode and empty in hosted.
func (s *Service) OpenSession(ctx context.Context, h Holder, check string, mode Mode, anchor string) (Session, error) {
	now := s.Now()
	c := h.credential
	if c == nil {
		return Session{}, problem.New(NotApproved, "no real-person check has passed yet")
	}
	if err := open(&h.application, c, now); err != nil {
		return Session{}, err
	}
	if !ids.WellFormed(check, checkPrefix, ids.IDSize) {
		return Session{}, errCheckRequired
	}
	seed, end, err := chainEnd(mode, anchor, c.Serial)
	if err != nil {
		return Session{}, err
	}
	// A clock that was set back, or differs from that of the issuer that
	// approved, must not make a pass that starts before its credential.
	start := max(now.Unix(), c.ApprovedMs/1000)
	row := store.Session{ID: ids.New(sessionPrefix, ids.IDSize), Application: h.application.ID, Check: check, Access: h.visitor.access}
	var hold func(context.Context, *sql.Tx) error
	if l := h.visitor.login; l != nil {
		row.Login = l.Login()
		// A logout at this moment either finds the session, or the session finds no login.
		hold = func(ctx context.Context, tx *sql.Tx) error { return s.Accounts.LockLogin(ctx, tx, *l) }
	}
	var pass tokens.SignedPass
	signAndKeep := func(key tokens.KeyID, signer signing.Signer) (err error) {
		// The pass is signed first and given out only if the check was still good:
		// no lock is held while a slow signer works.
		pass, err = signing.Pass(signer, &tokens.Pass{
			Key: key, Serial: c.Serial, Subject: c.Subject,
			Start: start, Expiry: c.ExpiresMs / 1000,
			Period: tokens.Period, Length: tokens.Length, Scopes: c.Scopes, Anchor: end,
		})
		if err != nil {
			return err
		}
		row.Key = key
		if mode == Hosted {
			row.Pass, row.Seed = pass[:], s.vault.Seal(seed[:], seedPlace(row.ID))
		}
		return s.Store.OpenSession(ctx, row, now.UnixMilli(), hold)
	}
	for _, start = range startsFrom(start, c) {
		row.StartMs = start * 1000
		if err = s.underKey(ctx, start, signAndKeep); !errors.Is(err, store.ErrStartTaken) {
			break
		}
	}
	if errors.Is(err, store.ErrStartTaken) {
		return Session{}, problem.Until(now.Unix()+tokens.Ahead, throttle.TooManyRequests, "too many sessions of this credential began just now; the check was not used up")
	}
	if errors.Is(err, store.ErrCheckUnusable) {
		return Session{}, errCheckRequired
	}
	if errors.Is(err, store.ErrLeft) {
		return Session{}, errUnauthorized
	}
	if err != nil {
		return Session{}, err
	}
	s.metrics.sessions.WithLabelValues(string(mode)).Inc()
	out := Session{
		Session: row.ID, Serial: c.Serial, ServerTimeMs: s.Now().UnixMilli(),
		StartAt: start, ExpiresAt: c.ExpiresMs / 1000,
	}
	if mode == Anchor {
		out.Pass = &pass
	}
	return out, nil
}

// startsFrom are the seconds at which a session may begin that is opened at start.
// Serial and start name a session to gateways, so no two of a credential begin in one
// second. The next ones are as good, since codes pass some seconds before their time;
// those before are for the end of the credential.
func startsFrom(start int64, c *store.Credential) (starts []int64) {
	for at := start; at <= start+tokens.Ahead && at < c.ExpiresMs/1000; at++ {
		starts = append(starts, at)
	}
	for at := start - 1; at >= start-tokens.Ahead && at >= c.ApprovedMs/1000; at-- {
		starts = append(starts, at)
	}
	return starts
}

// errCheckRequired is one answer for a check that is unknown, another
// application's, used or too old: the way on is the same.
var errCheckRequired = problem.New(CheckRequired, "check must be a passed check of this application, at most two minutes old and not used before")

// errSuspended is the answer while no key is in service: gates would refuse what
// any other signs. Staff can revoke all the same.
var errSuspended = problem.New(IssuingSuspended, "the issuer has no key in service; the check was not used up")

func seedPlace(session string) vault.Place {
	return vault.Place{Table: "sessions", Column: "seed", Row: session}
}

// chainEnd reads the phone's anchor, or makes the issuer's own chain.
func chainEnd(mode Mode, text string, serial tokens.Serial) (seed, anchor tokens.Link, err error) {
	switch mode {
	case Hosted:
		if text != "" {
			return seed, anchor, problem.New(AnchorInvalid, "anchor belongs to anchor mode only")
		}
		seed = newSeed()
		anchor, _ = tokens.Chain(seed, serial, tokens.Length)
		return seed, anchor, nil
	case Anchor:
		if !ids.WellFormed(text, "", len(anchor)) {
			return seed, anchor, problem.New(AnchorInvalid, "anchor must be 32 lower-case hex digits")
		}
		hex.Decode(anchor[:], []byte(text)) // WellFormed has checked the digits
		return seed, anchor, nil
	}
	return seed, anchor, problem.New(ModeInvalid, "mode must be anchor or hosted")
}
