package credential

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"time"

	"go.uber.org/zap"

	"github.com/railgate/railgate/issuance/database"
	"github.com/railgate/railgate/issuance/internal/ids"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/issuance/vault"
	"github.com/railgate/railgate/tokens"
	"github.com/railgate/railgate/tokens/signing"
)

// Mode is who has the secret seed of a session's chain.
type Mode string

// The modes. A gate sees no difference.
const (
	Anchor Mode = "anchor" // the phone, which sends the anchor and shows codes offline
	Hosted Mode = "hosted" // the issuer, from which the phone fetches each code
)

// Session is an open session as returned to the phone. Times are Unix seconds except
// ServerTimeMs, from which the phone learns the server's clock.
type Session struct {
	Session      string
	Pass         *tokens.SignedPass // anchor mode only
	Serial       tokens.Serial
	ServerTimeMs int64
	StartAt      int64
	ExpiresAt    int64 // of the credential
}

// OpenSession uses up a passed check and signs a pass for 30 minutes (rule A11). anchor is
// 32 lower-case hex digits in anchor mode and empty in hosted mode.
func (s *Service) OpenSession(ctx context.Context, h Holder, check string, mode Mode, anchor string) (Session, error) {
	now := s.Now()
	c := h.credential
	if c == nil {
		return Session{}, problem.New(NotApproved, "no face check has passed yet")
	}
	if err := requireUsable(&h.application, c, now); err != nil {
		return Session{}, err
	}
	if !ids.WellFormed(check, checkPrefix, ids.IDSize) {
		return Session{}, errCheckRequired
	}
	seed, end, err := chainEnd(mode, anchor, c.Serial)
	if err != nil {
		return Session{}, err
	}
	// The pass must not start before its credential, even if the clock was set back or
	// differs from that of the issuer that approved.
	start := max(now.Unix(), c.Approved.Seconds())
	row := SessionRow{ID: ids.New(sessionPrefix, ids.IDSize), Application: h.application.ID, Check: check, Access: h.visitor.access}
	login := h.visitor.login
	if login != nil {
		row.Login = login.Login()
	}
	var pass tokens.SignedPass
	signAndKeep := func(key tokens.KeyID, signer signing.Signer) (err error) {
		// The pass is signed first and returned only if the check was still good: no lock
		// is held during a slow signature.
		pass, err = signing.Pass(signer, &tokens.Pass{
			Key: key, Serial: c.Serial, Subject: c.Subject,
			Start: start, Expiry: c.Expires.Seconds(),
			Period: tokens.Period, Length: tokens.Length, Scopes: c.Scopes, Anchor: end,
		})
		if err != nil {
			return err
		}
		row.Key = key
		if mode == Hosted {
			row.Pass, row.Seed = pass[:], s.vault.Encrypt(seed[:], seedPlace(row.ID))
		}
		if login != nil {
			return s.Store.openSessionInLogin(ctx, opening{row, database.MillisAt(now)}, s.Accounts, *login)
		}
		return s.Store.openSession(ctx, opening{row, database.MillisAt(now)})
	}
	for _, start = range startsFrom(start, c) {
		row.Start = database.SecondsAt(start)
		if err = s.underKey(ctx, start, signAndKeep); !errors.Is(err, errStartTaken) {
			break
		}
	}
	if errors.Is(err, errStartTaken) {
		return Session{}, problem.Until(now.Unix()+tokens.Ahead, throttle.TooManyRequests, "too many sessions of this credential began just now; the check was not used up")
	}
	if err != nil {
		return Session{}, err
	}
	s.metrics.sessions.WithLabelValues(string(mode)).Inc()
	out := Session{
		Session: row.ID, Serial: c.Serial, ServerTimeMs: s.Now().UnixMilli(),
		StartAt: start, ExpiresAt: c.Expires.Seconds(),
	}
	if mode == Anchor {
		out.Pass = &pass
	}
	return out, nil
}

// startsFrom are the seconds at which a session opened at start may begin, in order of
// preference. Serial and start identify a session to gateways, so no two sessions of a
// credential begin in one second. The next seconds are equivalent, since codes are accepted
// some seconds early; the previous seconds are for the end of the credential.
func startsFrom(start int64, c *Credential) (starts []int64) {
	for at := start; at <= start+tokens.Ahead && at < c.Expires.Seconds(); at++ {
		starts = append(starts, at)
	}
	for at := start - 1; at >= start-tokens.Ahead && at >= c.Approved.Seconds(); at-- {
		starts = append(starts, at)
	}
	return starts
}

// errCheckRequired is the same for a check that is unknown, another application's, used or
// expired: the next step is the same.
var errCheckRequired = problem.New(CheckRequired, "check must be a passed check of this application, at most two minutes old and not used before")

// errSuspended is returned while no key is active: gates would refuse a pass under another
// key. Staff can still revoke.
var errSuspended = problem.New(IssuingSuspended, "the issuer has no active key; the check was not used up")

func seedPlace(session string) vault.Place {
	return vault.Place{Table: "sessions", Column: "seed", Row: session}
}

// chainEnd decodes the phone's anchor, or makes the issuer's own chain.
func chainEnd(mode Mode, text string, serial tokens.Serial) (seed, anchor tokens.Link, err error) {
	switch mode {
	case Hosted:
		if text != "" {
			return seed, anchor, problem.New(AnchorInvalid, "anchor belongs to anchor mode only")
		}
		rand.Read(seed[:])
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

// underKey runs open with the key that signs sessions from start, Unix seconds. If the key
// was distrusted since the last refresh, open's transaction fails with errKeyDistrusted; the
// keys are refreshed and open runs once more.
func (s *Service) underKey(ctx context.Context, start int64, open func(tokens.KeyID, signing.Signer) error) error {
	for again := false; ; again = true {
		id, signer, err := s.Keys.Current(time.Unix(start, 0))
		if err != nil {
			return errSuspended // the ring has logged the reason
		}
		err = open(id, signer)
		switch {
		case !errors.Is(err, errKeyDistrusted):
			return err
		case again:
			s.Log.Error("the issuer key is distrusted: no session can be opened until the issuer has another key", zap.Uint16("key_id", uint16(id)))
			return errSuspended
		}
		if err := s.Keys.Refresh(ctx); err != nil {
			return err
		}
	}
}

// ShownCode is the present code of a hosted session. Times are Unix seconds except
// ServerTimeMs.
type ShownCode struct {
	Text          string
	Step          int
	NextAt        int64 // when the next code begins; at the last step, the session's end
	SessionEndsAt int64
	ServerTimeMs  int64
}

// Code returns the present code of a hosted session to the visitor who opened it. A repeated
// call, for instance after a network loss, returns the code of that moment (rule A10).
func (s *Service) Code(ctx context.Context, v Visitor, session string) (ShownCode, error) {
	if !ids.WellFormed(session, sessionPrefix, ids.IDSize) {
		return ShownCode{}, errNoSession
	}
	row, application, credential, err := s.Store.viewing(ctx, session)
	if errors.Is(err, database.ErrNotFound) || err == nil && (!v.opens(&application) || !v.opened(&row)) {
		return ShownCode{}, errNoSession
	}
	if err != nil {
		return ShownCode{}, err
	}
	if row.Closed != 0 {
		return ShownCode{}, problem.New(SessionClosed, "the passenger ended this session")
	}
	if row.Seed == nil {
		return ShownCode{}, problem.New(SessionNotHosted, "the phone itself makes the codes of this session")
	}
	now := s.Now()
	if err := requireUsable(&application, credential, now); err != nil {
		return ShownCode{}, err
	}
	start := row.Start.Seconds()
	end := start + tokens.Period*tokens.Length
	if now.Unix() >= end {
		return ShownCode{}, problem.New(SessionOver, "the code was shown for 30 minutes")
	}
	step := max(0, now.Unix()-start) / tokens.Period
	text, err := s.hostedCode(row, credential.Serial, int(step))
	if err != nil {
		return ShownCode{}, err
	}
	return ShownCode{
		Text: text, Step: int(step),
		NextAt:        start + (step+1)*tokens.Period,
		SessionEndsAt: min(end, credential.Expires.Seconds()),
		ServerTimeMs:  now.UnixMilli(),
	}, nil
}

var errNoSession = problem.New(SessionNotFound, "this application has no such session")

func (s *Service) hostedCode(row SessionRow, serial tokens.Serial, step int) (string, error) {
	seed, err := s.vault.Decrypt(row.Seed, seedPlace(row.ID))
	if err != nil {
		return "", err
	}
	if len(seed) != len(tokens.Link{}) || len(row.Pass) != tokens.PassSize {
		return "", errors.New("issuance: a hosted session has a pass or seed of the wrong size")
	}
	_, links := tokens.Chain(tokens.Link(seed), serial, tokens.Length)
	token := tokens.Assemble((*tokens.SignedPass)(row.Pass), uint8(step), links[step])
	return token.Text(), nil
}
