package memstore

import (
	"reflect"
	"sync"
)

// clone copies a value and all that it leads to. What is kept is never changed in place, and neither side sees the other's memory, so
// everything is copied on its way in and out. It does not go through the codec: other stores are compared with this one, so a field
// that the codec forgets must not be missing here, too.
func clone[T any](v *T) *T {
	c := *v
	if !flat(reflect.TypeFor[T]()) {
		own(reflect.ValueOf(&c).Elem())
	}
	return &c
}

// own replaces the memory that a copied value shares with the original. An unexported field that shares memory panics.
func own(v reflect.Value) {
	switch v.Kind() {
	case reflect.Struct:
		for _, f := range v.Fields() {
			own(f)
		}
	case reflect.Slice:
		if v.IsNil() {
			return
		}
		c := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(c, v)
		if !flat(v.Type().Elem()) {
			for i := range c.Len() {
				own(c.Index(i))
			}
		}
		v.Set(c)
	case reflect.Pointer:
		if v.IsNil() {
			return
		}
		c := reflect.New(v.Type().Elem())
		c.Elem().Set(v.Elem())
		own(c.Elem())
		v.Set(c)
	case reflect.Map:
		if v.IsNil() {
			return
		}
		c := reflect.MakeMapWithSize(v.Type(), v.Len())
		for key, value := range v.Seq2() {
			item := reflect.New(value.Type()).Elem()
			item.Set(value)
			own(item)
			c.SetMapIndex(key, item)
		}
		v.Set(c)
	}
}

var flats sync.Map // by reflect.Type, what flat found

// flat reports whether values of a type are copied whole by assignment: postings, balances and pins are.
func flat(t reflect.Type) bool {
	if known, ok := flats.Load(t); ok {
		return known.(bool)
	}
	is := true
	switch t.Kind() {
	case reflect.Struct:
		for field := range t.Fields() {
			is = is && flat(field.Type)
		}
	case reflect.Slice, reflect.Pointer, reflect.Map:
		is = false
	}
	flats.Store(t, is)
	return is
}
