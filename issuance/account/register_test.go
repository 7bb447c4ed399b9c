package account

import (
	"bytes"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/railgate/railgate/issuance/identity"
	"github.com/railgate/railgate/issuance/problem"
	"github.com/railgate/railgate/issuance/throttle"
	"github.com/railgate/railgate/test/issuerdb"
)

func TestRegisterLogInAndReadTheProfile(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		account := env.register()
		in, h := env.logIn()
		if in.Account != account || h.Account() != account || h.Login() != in.Login || h.ConsentDue() || !strings.HasPrefix(in.Token, "rgl_") {
			t.Fatalf("logged in as %+v, holder %+v", in, h)
		}
		p, err := env.Profile(t.Context(), h)
		want := Profile{
			Account: account, Login: "passenger_1", Version: 1, CreatedAt: env.now(),
			Identity: identity.Person{Name: identity.Name{Text: name}, Document: identity.ResidentID, Number: number},
			Contact:  Contact{Phone: phone, Email: "one.passenger@example.org"},
		}
		if err != nil || p != want {
			t.Fatalf("profile %+v, want %+v: %v", p, want, err)
		}
		if len(env.identities) != 1 || env.identities[0] != want.Identity {
			t.Fatalf("the registry received %+v", env.identities)
		}
	})
}

func TestPassportIsStoredWithItsNationality(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		r := registration()
		r.Identity = identity.Entry{Name: "Test A", DocumentType: "passport", DocumentNumber: "X1234567", Nationality: "NZL"}
		r.Contact = Contact{Phone: "+6421000000"}
		env.Done(env.Register(t.Context(), r, issuerdb.Home))
		_, h := env.logIn()
		p, err := env.Profile(t.Context(), h)
		if err != nil || p.Identity.Nationality != "NZL" || p.Identity.Number != "X1234567" || p.Contact != (Contact{Phone: "+6421000000"}) {
			t.Fatalf("%+v: %v", p, err)
		}
	})
}

func TestEachInvalidFieldHasItsProblem(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		for _, c := range []struct {
			code  problem.Code
			wrong func(*Registration)
		}{
			{LoginInvalid, func(r *Registration) { r.Login = "short" }},
			{LoginInvalid, func(r *Registration) { r.Login = "1passenger" }},
			{LoginInvalid, func(r *Registration) { r.Login = "passenger 1" }},
			{LoginInvalid, func(r *Registration) { r.Login = "passen\u212aer" }}, // becomes k in lower case
			{LoginInvalid, func(r *Registration) { r.Login = strings.Repeat("a", 31) }},
			{PasswordInvalid, func(r *Registration) { r.Password = "short!7" }},
			{PasswordInvalid, func(r *Registration) { r.Password = strings.Repeat("long", 33) }},
			{PasswordInvalid, func(r *Registration) { r.Password = "with\x00zero" }},
			{PasswordInvalid, func(r *Registration) { r.Password = "broken \xff text" }},
			{PasswordInvalid, func(r *Registration) { r.Password = "unassigned \u0378 one" }},
			{PasswordCommon, func(r *Registration) { r.Password = "password2026" }},
			{PasswordCommon, func(r *Registration) { r.Password = "ＰＡＳＳＷＯＲＤ１" }},
			{PasswordCommon, func(r *Registration) { r.Password = "Passenger_1!" }},
			{PasswordCommon, func(r *Registration) { r.Password = "19900307" }},
			{PasswordCommon, func(r *Registration) { r.Password = phone }},
			{NameInvalid, func(r *Registration) { r.Identity.Name = "" }},
			{DocumentInvalid, func(r *Registration) { r.Identity.DocumentType = "licence" }},
			{NumberInvalid, func(r *Registration) { r.Identity.DocumentNumber = "110105199003074617" }},
			{NationalityInvalid, func(r *Registration) { r.Identity.Nationality = "CHN" }},
			{ContactMissing, func(r *Registration) { r.Contact = Contact{} }},
			{PhoneInvalid, func(r *Registration) { r.Contact.Phone = "138 0000 0001" }},
			{PhoneInvalid, func(r *Registration) { r.Contact.Phone = "+0138000000" }},
			{EmailInvalid, func(r *Registration) { r.Contact.Email = "one@localhost" }},
			{EmailInvalid, func(r *Registration) { r.Contact.Email = "one@@example.org" }},
			{EmailInvalid, func(r *Registration) { r.Contact.Email = "one..two@example.org" }},
			{EmailInvalid, func(r *Registration) { r.Contact.Email = "one@-example.org" }},
			{EmailInvalid, func(r *Registration) { r.Contact.Email = "one\r\n@example.org" }},
			{ConsentRequired, func(r *Registration) { r.Policy = "2025-01" }},
		} {
			r := registration()
			c.wrong(&r)
			env.Refuses(c.code, string(c.code))(env.Register(t.Context(), r, issuerdb.Home))
		}
		if env.Count(`SELECT COUNT(*) FROM accounts`) != 0 {
			t.Error("a refused registration left an account")
		}
		if env.hasher.runs.Load() != 0 {
			t.Error("a password was hashed for a refused form")
		}
	})
}

func TestLoginNameIsRegisteredOnce(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		got := env.AtOnce(50, func(i int) error {
			r := registration()
			if i%2 == 0 {
				r.Login = strings.ToUpper(r.Login)
			}
			_, err := env.Register(t.Context(), r, issuerdb.Home)
			return err
		})
		if got[""] != 1 || got[LoginTaken] != 49 || env.Count(`SELECT COUNT(*) FROM accounts`) != 1 || env.Count(`SELECT COUNT(*) FROM consents`) != 1 {
			t.Fatalf("50 registrations of one name: %v", got)
		}
	})
}

func TestB11_RegistryProblemUndoesTheRegistration(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		const registered problem.Code = "taken_in_registry"
		env.failHooks(problem.New(registered, "go to a window"))
		env.Refuses(registered, "an identity that is taken")(env.Register(t.Context(), registration(), issuerdb.Home))
		if n := env.Count(`SELECT COUNT(*) FROM accounts`); n != 0 {
			t.Fatalf("%d accounts remain", n)
		}
		env.failHooks(errors.New("registry is down"))
		if _, err := env.Register(t.Context(), registration(), issuerdb.Home); err == nil {
			t.Fatal("registered without the registry")
		}
		env.failHooks(nil)
		env.register()
	})
}

// Logins of the network and registrations elsewhere are not throttled.
func TestTryingLoginNamesThrottlesRegistrationsOfTheNetwork(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		env.register()
		taken, slowed := 0, 0
		for range 200 {
			_, err := env.Register(t.Context(), registration(), issuerdb.Home)
			switch {
			case problem.Is(err, LoginTaken):
				taken++
			case problem.Is(err, throttle.TooManyRequests):
				slowed++
			default:
				t.Fatal(err)
			}
		}
		if rule := throttle.DefaultNetworkRule; taken != rule.Failures+rule.Slow.Burst || slowed == 0 {
			t.Errorf("%d names were tried and %d requests throttled", taken, slowed)
		}
		env.logIn()
		r := registration()
		r.Login = "another_name"
		if _, err := env.Register(t.Context(), r, issuerdb.From("203.0.113.10")); err != nil {
			t.Fatalf("from another network: %v", err)
		}
		env.Pass(throttle.DefaultNetworkRule.Slow.Every) // throttled, not locked
		r.Login = "one_more_name"
		if _, err := env.Register(t.Context(), r, issuerdb.Home); err != nil {
			t.Fatalf("a moment later: %v", err)
		}
	})
}

func TestB12_ConsentIsRecordedPerPolicyVersion(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		env.register()
		in, _ := env.logIn()
		next := env.newService(func(c *Config) { c.Policy = "2026-07" })
		env.Pass(time.Hour)
		h, err := next.Authorize(t.Context(), in.Token)
		if err != nil || !h.ConsentDue() {
			t.Fatalf("a new policy needs no consent: %v", err)
		}
		env.Refused(next.Consent(t.Context(), h, policy), ConsentRequired, "consent to the old policy")
		for range 2 {
			env.Must(next.Consent(t.Context(), h, "2026-07"))
		}
		if h, err = next.Authorize(t.Context(), in.Token); err != nil || h.ConsentDue() {
			t.Fatalf("still due: %v", err)
		}
		data, err := next.PersonalData(t.Context(), h)
		if at := env.now(); err != nil || len(data.Consents) != 2 || data.Consents[0] != (ConsentGiven{policy, at.Add(-time.Hour)}) || data.Consents[1] != (ConsentGiven{"2026-07", at}) {
			t.Fatalf("held %+v: %v", data.Consents, err)
		}
	})
}

// The database files contain neither personal data nor tokens.
func TestB12_DatabaseFileContainsNoPersonalData(t *testing.T) {
	eachDatabase(t, func(t *testing.T, env *setup) {
		env.register()
		in, h := env.logIn()
		env.Refuses(LoginFailed, "a wrong password")(env.LogIn(t.Context(), login, "wrong "+password, issuerdb.Home))
		env.Must(env.ChangePassword(t.Context(), h, password, password+" 2", issuerdb.Home))
		if strings.HasPrefix(env.Address, "postgres") {
			const holds = ` r WHERE POSITION($1::bytea IN convert_to(r::text, 'UTF8')) > 0 OR POSITION(encode($1::bytea, 'hex') IN r::text) > 0`
			if env.Count(`SELECT COUNT(*) FROM logins`+holds, []byte(h.Account())) != 1 || env.Count(`SELECT COUNT(*) FROM logins`+holds, tokenHash(in.Token)) != 1 {
				t.Error("the search does not find the account id: the test proves nothing")
			}
			for _, table := range []string{"accounts", "consents", "logins", "failures"} {
				for _, secret := range append(secrets, in.Token, "$argon2id$") {
					if n := env.Count(`SELECT COUNT(*) FROM `+table+holds, []byte(secret)); n > 0 {
						t.Errorf("%d rows of %s contain a secret", n, table)
					}
				}
			}
			return
		}
		seen := 0
		for _, suffix := range []string{"", "-wal"} {
			file, err := os.ReadFile(env.Address + suffix)
			env.Must(err)
			if bytes.Contains(file, []byte(h.Account())) {
				seen++
			}
			for _, secret := range append(secrets, in.Token, "$argon2id$") {
				if bytes.Contains(file, []byte(secret)) {
					t.Errorf("issuer.db%s contains %q", suffix, secret)
				}
			}
		}
		if seen == 0 {
			t.Error("the search does not find the account id: the test proves nothing")
		}
	})
}
