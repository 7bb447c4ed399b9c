package problem

import "testing"

func TestIncompleteAndDuplicateRowsPanic(t *testing.T) {
	panics := func(what string, f func()) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Errorf("%s: no panic", what)
			}
		}()
		f()
	}
	var a, b Table
	code := a.Add(404, "not_there", "It is not there.", "没有。", "", "")
	if all := Join(a, b); len(all) != 1 || all[code].Status != 404 {
		t.Errorf("%v", all)
	}
	panics("no code", func() { b.Add(404, "", "No.", "没有。", "", "") })
	panics("not snake_case", func() { b.Add(404, "Not-There", "No.", "没有。", "", "") })
	panics("a status that is not an error", func() { b.Add(200, "fine", "Fine.", "好。", "", "") })
	panics("no Chinese", func() { b.Add(404, "gone", "Gone.", "", "", "") })
	panics("half a next step", func() { b.Add(404, "gone", "Gone.", "没有。", "Leave.", "") })
	b.Add(409, code, "It is not there.", "没有。", "", "")
	panics("a code of two tables", func() { Join(a, b) })
}
