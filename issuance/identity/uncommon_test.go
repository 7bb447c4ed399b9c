package identity

import (
	"strings"
	"testing"
	"unicode/utf8"
)

// The table has 8,105 characters, in levels of 3,500, 3,000 and 1,605.
func TestB1_CommonCharactersAreThoseOfTheStandard(t *testing.T) {
	levels := strings.Split(strings.TrimSuffix(commonText, "\n"), "\n")
	want := []int{3500, 3000, 1605}
	if len(levels) != len(want) {
		t.Fatalf("%d levels", len(levels))
	}
	seen := map[rune]bool{}
	for i, level := range levels {
		if n := utf8.RuneCountInString(level); n != want[i] {
			t.Errorf("level %d has %d characters, want %d", i+1, n, want[i])
		}
		for _, r := range level {
			if seen[r] || units(r) != 2 || normalize(string(r)) != string(r) {
				t.Errorf("%c (%U) is duplicate or not normalized", r, r)
			}
			seen[r] = true
		}
	}
	for i, some := range []string{"一的张", "玥阚", "昇堃喆淼"} {
		for _, r := range some {
			if !strings.ContainsRune(levels[i], r) {
				t.Errorf("%c is not in level %d", r, i+1)
			}
		}
	}
	found := 0
	for r := rune(0); r < 0x40000; r++ {
		if isCommon(r) {
			found++
		}
	}
	if found != 8105 || len(common) != 8105 {
		t.Errorf("%d characters are common, the table has %d", found, len(common))
	}
}

func TestB1_RareAndTraditionalCharactersAreUncommon(t *testing.T) {
	// Traditional characters with their simplified forms.
	for traditional, simplified := range map[string]string{"國": "国", "劉": "刘", "陳": "陈", "張": "张", "馬": "马", "龍": "龙", "東": "东", "門": "门", "後": "后", "黃": "黄"} {
		if !Uncommon("测"+traditional, ResidentID) {
			t.Errorf("%s passes for common", traditional)
		}
		if Uncommon("测"+simplified, ResidentID) {
			t.Errorf("%s passes for uncommon", simplified)
		}
	}
	// Not in the table: extensions, old forms, private use.
	for _, rare := range []string{"龘", "𠮷", "㐀", "\ue000", "\u3007", "堃\U00020000"} {
		if !Uncommon("测"+rare, ResidentID) {
			t.Errorf("%s passes for common", rare)
		}
	}
	// In the table but not in GB/T 2312; two are from extensions B and C.
	for _, name := range []string{"玥", "珺", "喆", "堃", "昇", "䶮", "𬭚", "𫖯"} {
		if Uncommon("测"+name, ResidentID) {
			t.Errorf("%s passes for rare", name)
		}
	}
	for _, common := range []string{"测试", "Test O'Name-Test", "阿测·试", "José", "Jose\u0301", "ＴＥＳＴ", "阿测・试", ""} {
		if Uncommon(common, Passport) {
			t.Errorf("%q passes for uncommon", common)
		}
	}
}

// Latin letters on a resident ID card replace characters that could not be entered.
func TestR07_PinyinOnAResidentCardIsUncommon(t *testing.T) {
	for name, pinyin := range map[string]bool{"Ceshi": true, "测shi": true, "ｃｅｓｈｉ": true, "测试": false, "阿测·试": false, "阿测.试": false} {
		if Uncommon(name, ResidentID) != pinyin {
			t.Errorf("%s on a resident ID card: uncommon is %v", name, !pinyin)
		}
		if Uncommon(name, Passport) || Uncommon(name, HKMacauPermit) || Uncommon(name, TaiwanPermit) {
			t.Errorf("%s on another document is uncommon", name)
		}
	}
}

// The mark is evaluated again when a stored name is read.
func TestR07_StoredMarksFollowTheTable(t *testing.T) {
	for _, c := range []struct {
		text                   string
		overLong, stored, want bool
		why                    string
	}{
		{"测玥", false, true, false, "marked by the old table"},
		{"测國", false, false, true, "not marked, and traditional"},
		{"测试", false, false, false, "common"},
		{strings.Repeat("测", 15), true, true, true, "the part that was cut off was rare"},
		{strings.Repeat("测", 15), true, false, false, "over-long only"},
	} {
		if n := StoredName(c.text, c.overLong, c.stored, ResidentID); n != (Name{c.text, c.overLong, c.want}) {
			t.Errorf("%s: %+v", c.why, n)
		}
	}
	if !StoredName("Ceshi", false, false, ResidentID).Uncommon {
		t.Error("stored pinyin is still common")
	}
}

func TestG17_EditOfCaseIsTheSameName(t *testing.T) {
	read := func(text string, on DocumentType) Name {
		n, err := ReadName(text, on)
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	long := strings.Repeat("Abcdefghij", 3)
	for _, c := range []struct {
		before, entered, want Name
		why                   string
	}{
		{read("Test Name", Passport), read("TEST  name", Passport), Name{Text: "Test Name"}, "case and spaces"},
		{read("Test Name", Passport), read("ＴＥＳＴ　Ｎａｍｅ", Passport), Name{Text: "Test Name"}, "full-width forms"},
		{read("Test Name", Passport), read("Test Names", Passport), Name{Text: "Test Names"}, "another letter"},
		{read("阿测·试", ResidentID), read("阿测.试", ResidentID), Name{Text: "阿测.试"}, "the other dot"},
		{read(long+"kl", Passport), read(long, Passport), Name{Text: long, OverLong: true}, "the part that was kept"},
		{read(long+"kl", Passport), read(strings.ToUpper(long)+"xy", Passport), Name{Text: long, OverLong: true}, "another cut-off end"},
		{read(long, Passport), read(long+"kl", Passport), Name{Text: long, OverLong: true}, "the name became over-long"},
		{read(long+"國", Passport), read(long, Passport), Name{Text: long, OverLong: true, Uncommon: true}, "the cut-off rare end is no longer known"},
		{read("Ceshi", Passport), read("ceshi", ResidentID), Name{Text: "Ceshi", Uncommon: true}, "pinyin on the new document"},
		{read("Ceshi", ResidentID), read("ceshi", Passport), Name{Text: "Ceshi"}, "a Latin name on the new document"},
	} {
		if got := c.before.Edited(c.entered); got != c.want {
			t.Errorf("%s: %+v, want %+v", c.why, got, c.want)
		}
	}
}
