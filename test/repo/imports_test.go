package repo

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/railgate/railgate/test/harness/runtest"
)

const module = "github.com/railgate/railgate/"

// A rule forbids the packages at and below from to import the packages at and below the paths in
// not.
type rule struct {
	from string
	why  string
	not  []string
}

const (
	kafkaClient = "github.com/segmentio/kafka-go"
	testBroker  = "github.com/twmb/franz-go"
	web         = "github.com/valyala/fasthttp"
	sqlite      = "modernc.org/sqlite"
	postgres    = "github.com/jackc/pgx/v5"
	rivalJWT    = "github.com/golang-jwt/jwt/v5"
)

var rules = []rule{
	{"tokens", "tokens is pure: bytes, keys and time are the input, a verdict is the output",
		[]string{module + "gateway", module + "revocation", module + "issuance", module + "internal", "net", "os/exec", "log", web, kafkaClient, "go.uber.org/zap"}},
	{"revocation", "the meaning of a revocation does not depend on its transport",
		[]string{module + "gateway", module + "issuance", module + "tokens/signing", module + "tokens/tokentest", "net/http", web, kafkaClient, testBroker}},
	{"booking", "bookings are pure: records and time are the input, a ticket is the output; gates and the issuer's publisher share them",
		[]string{module + "gateway", module + "issuance", module + "internal/conf", module + "internal/feeds", module + "internal/ownfile", module + "internal/process", module + "internal/strictjson", module + "passage", module + "revocation/stream", module + "revocation/publish", module + "revocation/kafka", module + "tokens/signing", module + "tokens/tokentest", "net", "os/exec", "log", web, kafkaClient, "go.uber.org/zap"}},
	{"passage", "passage is pure like tokens: passages, batches and time are the input; queues, files and Kafka are elsewhere",
		[]string{module + "gateway", module + "issuance", module + "booking", module + "internal/conf", module + "internal/feeds", module + "internal/ownfile", module + "internal/process", module + "internal/strictjson", module + "tokens/signing", module + "tokens/tokentest", module + "revocation/stream", module + "revocation/publish", "net", "os/exec", "log", web, kafkaClient, "go.uber.org/zap"}},
	{"revocation/stream", "reading topics does not depend on gateway or issuer",
		[]string{module + "gateway", module + "issuance", module + "revocation/publish", module + "tokens/signing", testBroker}},
	{"revocation/publish", "publishing does not depend on issuer or gateway",
		[]string{module + "gateway", module + "issuance", module + "revocation/stream", testBroker}},
	{"bundle", "a handheld has neither the gateway's network nor a private key, and reads a bundle with what this package has",
		[]string{module + "gateway", module + "issuance", module + "tokens/signing", module + "tokens/tokentest", module + "revocation/publish", module + "revocation/stream", module + "revocation/revocationtest", "net", "os/exec", web, kafkaClient, "go.uber.org/zap"}},
	{"passage/exchange", "a gateway tells passages to others and has no code of the issuer; it signs with its own key only",
		[]string{module + "gateway", module + "issuance", module + "revocation/publish", module + "tokens/signing", testBroker}},
	{"web", "files in memory and their headers: the programs that serve them have the limits and the log",
		[]string{module + "gateway", module + "issuance", module + "internal", module + "revocation", module + "tokens", module + "test", web, kafkaClient, "go.uber.org/zap"}},
	{"gateway", "a stolen gateway can issue nothing and reveal no identity",
		[]string{module + "web", module + "issuance", module + "tokens/signing", module + "tokens/tokentest", module + "revocation/publish", module + "revocation/stream", module + "revocation/revocationtest", module + "passage/exchange", kafkaClient, testBroker, sqlite, postgres}},
	{"internal/feeds", "what a gateway follows besides the control stream needs no code of the issuer and no other private key",
		[]string{module + "issuance", module + "tokens/signing", module + "tokens/tokentest", module + "revocation/publish", module + "revocation/revocationtest", testBroker, sqlite, postgres}},
	{"issuance", "the issuer links no code of the gateway and cannot slow it down; its command chooses the pages",
		[]string{module + "web", module + "gateway", module + "revocation/stream", module + "tokens/tokentest", module + "revocation/revocationtest", module + "test", web, testBroker}},
	{"loadtest", "the load test uses only HTTP, like any client",
		[]string{module + "gateway", module + "issuance", module + "revocation", kafkaClient, testBroker}},
	{"tokens/fixedkey/internal/lanes", "callers of the kernels need constants, not the program that generates them",
		[]string{module + "tokens/fixedkey/internal/lanes/program"}},
	{"cmd/gateway", "the program in stations has no private key and no broker",
		[]string{module + "web", module + "issuance", module + "tokens/signing", module + "tokens/tokentest", module + "revocation/publish", module + "revocation/revocationtest", module + "tokens/fixedkey/internal/lanes/program", module + "test", module + "bench", testBroker, sqlite, postgres, "github.com/cloudflare/circl/sign", rivalJWT}},
	{"cmd/issuer", "the issuer links no test code and no code of the gateway",
		[]string{module + "gateway", module + "revocation/stream", module + "tokens/tokentest", module + "revocation/revocationtest", module + "test", testBroker}},
	{"cmd/stream", "the stream viewer has no key and no code of gateway or issuer",
		[]string{module + "gateway", module + "issuance", module + "revocation/publish", module + "tokens/signing", module + "revocation/revocationtest", testBroker, sqlite, postgres}},
	{"cmd/loadtest", "as for loadtest",
		[]string{module + "gateway", module + "issuance", module + "revocation", kafkaClient, testBroker}},
}

// exact lists the rules that apply to one package without the packages below it: tokens does not
// link tokens/signing and tokens/tokentest.
var exact = []string{"tokens", "bundle", "passage", "tokens/fixedkey/internal/lanes", "revocation", "revocation/stream", "revocation/publish"}

func TestImportRules(t *testing.T) {
	runtest.DependsOnSources(t, "../..")
	for _, r := range rules {
		t.Run(strings.ReplaceAll(r.from, "/", "."), func(t *testing.T) {
			pattern := module + r.from
			if !slices.Contains(exact, r.from) {
				pattern += "/..."
			}
			deps := list(t, "-deps", pattern)
			for _, not := range r.not {
				for _, d := range deps {
					if d == not || strings.HasPrefix(d, not+"/") {
						t.Errorf("%s reaches %s: %s", r.from, d, r.why)
					}
				}
			}
		})
	}
}

// A rule about a renamed package would never fail.
func TestRulesNamePackagesThatExist(t *testing.T) {
	runtest.DependsOnSources(t, "../..")
	known := list(t, "-deps", "-test", module+"...")
	for _, r := range rules {
		for _, name := range append([]string{module + r.from}, r.not...) {
			if !slices.ContainsFunc(known, func(k string) bool { return k == name || strings.HasPrefix(k, name+"/") }) {
				t.Errorf("a rule of %s names %s, which is not a package of the repository or its imports", r.from, name)
			}
		}
	}
}

// list runs go list. Test files are not covered by the rules.
func list(t *testing.T, args ...string) []string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", append([]string{"list", "-e"}, args...)...).Output()
	if err != nil {
		t.Fatalf("go list %v: %v", args, err)
	}
	return strings.Fields(string(out))
}
