// Package articles_test has tests for the sentences of the public articles (docs/rules.md), over
// HTTP and on every database. A test's name begins with the id of its sentence.
package articles_test

import (
	"testing"

	"github.com/railgate/railgate/test/databasetest"
)

func TestMain(m *testing.M) { databasetest.Main(m, "articles") }
