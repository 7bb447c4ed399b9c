package registry

import (
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/railgate/railgate/issuance/account"
	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/registry/rules"
	"github.com/railgate/railgate/issuance/staff"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/test/issuerdb"
)

// registerWithPhone returns an account holder whose phone is verified.
func (env *setup) registerWithPhone(e identity.Entry) account.Holder {
	env.T.Helper()
	h := env.register(e)
	env.Exec(`UPDATE accounts SET phone_verified_ms = 1 WHERE id = $1`, h.Account())
	return h
}

func (env *setup) verifyOnline(h account.Holder) error {
	_, _, err := env.VerifyOnline(env.T.Context(), h, "evidence", "r1", issuerdb.Home)
	return err
}

// Pending and failed identities become verified. The audit log names the issuer and contains no
// personal data.
func TestG39_OnlineCheckVerifies(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		for n, failed := range []bool{false, true} {
			h := env.registerWithPhone(resident(n))
			own := Ref{Account: h.Account()}
			if failed {
				env.checkAtWindow(own, false)
			}
			var checked identity.Person
			env.identify = func(p identity.Person, evidence string) error { checked = p; return nil }
			s, provider, err := env.VerifyOnline(t.Context(), h, "evidence", "r1", issuerdb.Home)
			if err != nil || s != rules.Verified || provider != "test provider" || env.ownEntry(h).Status != rules.Verified {
				t.Fatalf("%v, %v by %q: %v", s, env.ownEntry(h).Status, provider, err)
			}
			if checked.Number != resident(n).DocumentNumber {
				t.Error("another person was checked")
			}
			env.Refused(env.verifyOnline(h), rules.TransitionRefused, "once more")
			env.addPassenger(h, resident(100+n)) // allowed for a verified account
			var role, who, detail string
			err = env.DB.Writer().QueryRow(`SELECT role, who, detail FROM audit WHERE action = $1 AND object = $2`, string(staff.VerifyOnline), h.Account()).Scan(&role, &who, &detail)
			if err != nil || role != string(staff.Program) || who != issuerName || strings.Contains(detail, checked.Number) || strings.Contains(detail, checked.Name.Text) {
				t.Errorf("the audit log: %q %q %q: %v", role, who, detail, err)
			}
		}
	})
}

// Identities that cannot be verified online are refused before the face check.
func TestG39_OnlineCheckIsRefusedBeforeTheFaceCheck(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		env.identify = func(identity.Person, string) error { t.Error("a face check was started"); return nil }
		unverified := env.register(resident(1))
		env.Refused(env.verifyOnline(unverified), account.PhoneUnverified, "an unverified phone")
		env.Refused(env.verifyOnline(env.registerWithPhone(withRareName(resident(2)))), rules.StationWindowOnly, "a traditional name")
		env.Refused(env.verifyOnline(env.registerWithPhone(visitor(3))), rules.StationWindowOnly, "a passport")

		taken := env.registerWithPhone(resident(4))
		window := env.by(staff.Window)
		env.Must(env.FreeIdentity(t.Context(), DuplicateVisit{Principal: window, Document: documentOf(resident(4)), Visit: validVisit}))
		env.Refused(env.verifyOnline(taken), rules.IdentityRegistered, "an identity that a window took")

		// An unconfirmed identity keeps its status.
		h := env.registerWithPhone(resident(5))
		no := problem.New("real_person_check_failed", "")
		env.identify = func(identity.Person, string) error { return no }
		if err := env.verifyOnline(h); !errors.Is(err, no) || env.ownEntry(h).Status != rules.Pending || env.ownEntry(h).Version != 1 {
			t.Fatalf("%v, %v", env.ownEntry(h).Status, err)
		}
		env.identify, env.guard = nil, problem.New(throttle.TooManyFailures, "")
		env.Refused(env.verifyOnline(h), throttle.TooManyFailures, "a person locked meanwhile")
		if s := env.ownEntry(h).Status; s != rules.Pending {
			t.Errorf("status %v", s)
		}
	})
}

// An edit, a counter's verdict or a change of the phone between the check and its effect determines
// the status instead.
func TestG39_IdentityChangedMeanwhileIsNotVerified(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		for n, c := range map[int]struct {
			meanwhile func(h account.Holder) error
			code      problem.Code
			then      rules.Status
		}{
			1: {func(h account.Holder) error { return env.editIdentity(h, resident(50)) }, EntryChanged, rules.Pending},
			2: {func(h account.Holder) error { env.checkAtWindow(Ref{Account: h.Account()}, false); return nil }, EntryChanged, rules.Failed},
			3: {func(h account.Holder) error {
				p, err := env.accounts.Profile(t.Context(), h)
				if err != nil {
					return err
				}
				e := account.Edit{Version: p.Version, Identity: resident(3), Contact: account.Contact{Phone: "13900000001"}}
				_, err = env.accounts.Edit(t.Context(), h, e)
				return err
			}, account.PhoneUnverified, rules.Pending},
			4: {func(h account.Holder) error { return env.closeAccount(h) }, account.LoginRequired, 0},
		} {
			h := env.registerWithPhone(resident(n))
			env.identify = func(identity.Person, string) error { return c.meanwhile(h) }
			env.Refused(env.verifyOnline(h), c.code, "meanwhile")
			if c.then != 0 && env.ownEntry(h).Status != c.then {
				t.Errorf("%d: it is %v", n, env.ownEntry(h).Status)
			}
		}
	})
}

func TestG39_ConcurrentOnlineChecksVerifyOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		h := env.registerWithPhone(resident(1))
		var verified atomic.Int32
		var all sync.WaitGroup
		for range 20 {
			all.Go(func() {
				err := env.verifyOnline(h)
				switch {
				case err == nil:
					verified.Add(1)
				case problem.Is(err, EntryChanged), problem.Is(err, rules.TransitionRefused):
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if verified.Load() != 1 || env.ownEntry(h).Version != 2 {
			t.Errorf("%d verified, version %d", verified.Load(), env.ownEntry(h).Version)
		}
	})
}
