;; Philox4x32-10 (Salmon et al. 2011), four blocks at a time: lane i of $c0 to $c3 is the counter of block i.
;; `npx vitest run test/pure/philox -u` turns this file into philox-simd.ts.
(module
  (memory (export "memory") 1)
  ;; Writes blocks $low, $low + 1, … to memory from its start up to byte $end, and up to three more; $low does not wrap before $end.
  (func (export "fill")
    (param $end i32) (param $low i32) (param $high i32) (param $stream i32) (param $key0 i32) (param $key1 i32)
    (local $at i32) (local $round i32) (local $k0 i32) (local $k1 i32)
    (local $next v128) (local $c0 v128) (local $c1 v128) (local $c2 v128) (local $c3 v128)
    (local $a v128) (local $b v128) (local $c v128) (local $d v128)
    (local.set $next (i32x4.add (i32x4.splat (local.get $low)) (v128.const i32x4 0 1 2 3)))
    (loop $block
      (local.set $c0 (local.get $next))
      (local.set $c1 (i32x4.splat (local.get $high)))
      (local.set $c2 (i32x4.splat (local.get $stream)))
      (local.set $c3 (v128.const i32x4 0 0 0 0))
      (local.set $k0 (local.get $key0))
      (local.set $k1 (local.get $key1))
      (local.set $round (i32.const 10))
      (loop $mix
        ;; The 64-bit products of both multiplications: lanes 0 and 1, then 2 and 3.
        (local.set $a (i64x2.extmul_low_i32x4_u (local.get $c0) (v128.const i32x4 0xd2511f53 0xd2511f53 0xd2511f53 0xd2511f53)))
        (local.set $b (i64x2.extmul_high_i32x4_u (local.get $c0) (v128.const i32x4 0xd2511f53 0xd2511f53 0xd2511f53 0xd2511f53)))
        (local.set $c (i64x2.extmul_low_i32x4_u (local.get $c2) (v128.const i32x4 0xcd9e8d57 0xcd9e8d57 0xcd9e8d57 0xcd9e8d57)))
        (local.set $d (i64x2.extmul_high_i32x4_u (local.get $c2) (v128.const i32x4 0xcd9e8d57 0xcd9e8d57 0xcd9e8d57 0xcd9e8d57)))
        ;; Their high words meet the other half of the counter and the key; their low words are the other half.
        (local.set $c0
          (v128.xor
            (v128.xor
              (i8x16.shuffle 4 5 6 7 12 13 14 15 20 21 22 23 28 29 30 31 (local.get $c) (local.get $d))
              (local.get $c1))
            (i32x4.splat (local.get $k0))))
        (local.set $c1 (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27 (local.get $c) (local.get $d)))
        (local.set $c2
          (v128.xor
            (v128.xor
              (i8x16.shuffle 4 5 6 7 12 13 14 15 20 21 22 23 28 29 30 31 (local.get $a) (local.get $b))
              (local.get $c3))
            (i32x4.splat (local.get $k1))))
        (local.set $c3 (i8x16.shuffle 0 1 2 3 8 9 10 11 16 17 18 19 24 25 26 27 (local.get $a) (local.get $b)))
        (local.set $k0 (i32.add (local.get $k0) (i32.const 0x9e3779b9)))
        (local.set $k1 (i32.add (local.get $k1) (i32.const 0xbb67ae85)))
        (br_if $mix (local.tee $round (i32.sub (local.get $round) (i32.const 1)))))
      ;; From a vector for each word to one for each block.
      (local.set $a (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $c0) (local.get $c1)))
      (local.set $b (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $c0) (local.get $c1)))
      (local.set $c (i8x16.shuffle 0 1 2 3 16 17 18 19 4 5 6 7 20 21 22 23 (local.get $c2) (local.get $c3)))
      (local.set $d (i8x16.shuffle 8 9 10 11 24 25 26 27 12 13 14 15 28 29 30 31 (local.get $c2) (local.get $c3)))
      (v128.store (local.get $at)
        (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $a) (local.get $c)))
      (v128.store offset=16 (local.get $at)
        (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $a) (local.get $c)))
      (v128.store offset=32 (local.get $at)
        (i8x16.shuffle 0 1 2 3 4 5 6 7 16 17 18 19 20 21 22 23 (local.get $b) (local.get $d)))
      (v128.store offset=48 (local.get $at)
        (i8x16.shuffle 8 9 10 11 12 13 14 15 24 25 26 27 28 29 30 31 (local.get $b) (local.get $d)))
      (local.set $next (i32x4.add (local.get $next) (v128.const i32x4 4 4 4 4)))
      (br_if $block (i32.lt_u (local.tee $at (i32.add (local.get $at) (i32.const 64))) (local.get $end))))))
