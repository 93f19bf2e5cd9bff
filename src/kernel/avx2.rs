//! AVX2 with FMA: a vector is a pair of registers, a mask is a register of all-ones or all-zeros lanes.
#![expect(unsafe_code, reason = "calls the instructions of a CPU that was asked for them at run time")]

use std::arch::x86_64::*;

use super::item::{Item, Method};
use super::refill::Refill;
use super::simd::{LANES, Simd, Work};
use super::tile::Tiles;
use super::{Count, Stopped};

/// Proof that this CPU has AVX2 and FMA.
#[derive(Debug, Clone, Copy)]
pub(super) struct Avx2(());

impl Avx2 {
    /// The proof, or what is missing.
    pub(super) fn detect() -> Result<Self, &'static str> {
        let here = is_x86_feature_detected!("avx2")
            && is_x86_feature_detected!("fma")
            && is_x86_feature_detected!("bmi1")
            && is_x86_feature_detected!("bmi2")
            && is_x86_feature_detected!("popcnt");
        if here { Ok(Self(())) } else { Err("AVX2 with FMA") }
    }

    /// Computes `item`. Three pairs of two state registers leave four of the 16 registers for temporaries.
    pub(super) fn compute<T: Count>(self, item: Item<'_, T>) -> Result<u64, Stopped> {
        match item.method() {
            Method::Tile => self.outlined(Tiles::<_, 2, 1>(item)),
            Method::Refill => self.outlined(Refill::<_, 3, 1, 2, false>(item)),
            Method::RefillWithCycles => self.outlined(Refill::<_, 3, 1, 2, true>(item)),
        }
    }
}

/// Eight f64: lanes 0 to 3 and lanes 4 to 7.
type Pair = [__m256d; 2];

/// For each choice of four lanes, where [`Simd::compress`] takes each 32-bit half of its result from.
const COMPRESS: [[i32; 8]; 16] = permutations(true);
/// The same for [`Simd::expand`].
const EXPAND: [[i32; 8]; 16] = permutations(false);

const fn permutations(compress: bool) -> [[i32; 8]; 16] {
    let mut table = [[0; 8]; 16];
    let mut lanes = 0;
    while lanes < 16 {
        let (mut lane, mut chosen) = (0, 0);
        while lane < 4 {
            if lanes >> lane & 1 == 1 {
                let (to, from) = if compress { (chosen, lane) } else { (lane, chosen) };
                table[lanes][2 * to] = 2 * from as i32;
                table[lanes][2 * to + 1] = 2 * from as i32 + 1;
                chosen += 1;
            }
            lane += 1;
        }
        lanes += 1;
    }
    table
}

/// Calls intrinsics that touch no memory, or through references only.
macro_rules! pure {
    ($call:expr) => {{
        // SAFETY: `self` exists only where `detect` has seen every feature that is enabled below.
        unsafe { $call }
    }};
}

impl Avx2 {
    /// The four elements from `at` on.
    #[inline(always)]
    fn load4(self, from: &[f64; LANES], at: usize) -> __m256d {
        let from: &[f64; 4] = from[at..].first_chunk().expect("at most four elements go before");
        // SAFETY: as in `pure!`; the reference covers the 32 bytes, and `loadu` asks for no alignment.
        unsafe { _mm256_loadu_pd(from.as_ptr()) }
    }

    #[inline(always)]
    fn store4(self, vector: __m256d, to: &mut [f64; LANES], at: usize) {
        let to: &mut [f64; 4] = to[at..].first_chunk_mut().expect("at most four elements go before");
        // SAFETY: as in `load4`.
        unsafe { _mm256_storeu_pd(to.as_mut_ptr(), vector) }
    }

    #[inline(always)]
    fn permute(self, vector: __m256d, table: &[[i32; 8]; 16], lanes: u8) -> __m256d {
        let table = &table[usize::from(lanes % 16)];
        // SAFETY: as in `load4`, for the 32 bytes of a table's row.
        let indices = unsafe { _mm256_loadu_si256(table.as_ptr().cast()) };
        pure!(_mm256_castsi256_pd(_mm256_permutevar8x32_epi32(_mm256_castpd_si256(vector), indices)))
    }

    #[inline(always)]
    fn mask4(self, lanes: u8) -> __m256d {
        pure!({
            let lane = _mm256_setr_epi64x(1, 2, 4, 8);
            let chosen = _mm256_and_si256(_mm256_set1_epi64x(i64::from(lanes)), lane);
            _mm256_castsi256_pd(_mm256_cmpeq_epi64(chosen, lane))
        })
    }
}

impl Simd for Avx2 {
    type Vector = Pair;
    type Mask = Pair;

    #[inline(always)]
    fn splat(self, value: f64) -> Pair {
        [pure!(_mm256_set1_pd(value)); 2]
    }

    #[inline(always)]
    fn load(self, from: &[f64; LANES]) -> Pair {
        [self.load4(from, 0), self.load4(from, 4)]
    }

    #[inline(always)]
    fn store(self, vector: Pair, to: &mut [f64; LANES]) {
        self.store4(vector[0], to, 0);
        self.store4(vector[1], to, 4);
    }

    #[inline(always)]
    fn add(self, a: Pair, b: Pair) -> Pair {
        pure!([_mm256_add_pd(a[0], b[0]), _mm256_add_pd(a[1], b[1])])
    }

    #[inline(always)]
    fn sub(self, a: Pair, b: Pair) -> Pair {
        pure!([_mm256_sub_pd(a[0], b[0]), _mm256_sub_pd(a[1], b[1])])
    }

    #[inline(always)]
    fn mul(self, a: Pair, b: Pair) -> Pair {
        pure!([_mm256_mul_pd(a[0], b[0]), _mm256_mul_pd(a[1], b[1])])
    }

    #[inline(always)]
    fn twice_product_plus(self, a: Pair, b: Pair, c: Pair) -> Pair {
        let product = self.mul(a, b);
        let two = pure!(_mm256_set1_pd(2.0));
        pure!([_mm256_fmadd_pd(two, product[0], c[0]), _mm256_fmadd_pd(two, product[1], c[1])])
    }

    #[inline(always)]
    fn le(self, a: Pair, b: Pair) -> Pair {
        pure!([_mm256_cmp_pd::<_CMP_LE_OQ>(a[0], b[0]), _mm256_cmp_pd::<_CMP_LE_OQ>(a[1], b[1])])
    }

    #[inline(always)]
    fn eq(self, a: Pair, b: Pair) -> Pair {
        pure!([_mm256_cmp_pd::<_CMP_EQ_OQ>(a[0], b[0]), _mm256_cmp_pd::<_CMP_EQ_OQ>(a[1], b[1])])
    }

    #[inline(always)]
    fn bits(self, mask: Pair) -> u8 {
        pure!(_mm256_movemask_pd(mask[0]) | _mm256_movemask_pd(mask[1]) << 4) as u8
    }

    #[inline(always)]
    fn mask(self, lanes: u8) -> Pair {
        [self.mask4(lanes), self.mask4(lanes >> 4)]
    }

    #[inline(always)]
    fn select(self, mask: Pair, yes: Pair, no: Pair) -> Pair {
        pure!([_mm256_blendv_pd(no[0], yes[0], mask[0]), _mm256_blendv_pd(no[1], yes[1], mask[1])])
    }

    #[inline(always)]
    fn add_where(self, mask: Pair, a: Pair, b: Pair) -> Pair {
        self.add(a, pure!([_mm256_and_pd(mask[0], b[0]), _mm256_and_pd(mask[1], b[1])]))
    }

    #[inline(always)]
    fn compress(self, lanes: u8, vector: Pair, to: &mut [f64; LANES]) {
        self.store4(self.permute(vector[0], &COMPRESS, lanes), to, 0);
        let low = (lanes % 16).count_ones() as usize;
        self.store4(self.permute(vector[1], &COMPRESS, lanes >> 4), to, low);
    }

    #[inline(always)]
    fn expand(self, lanes: u8, from: &[f64; LANES], vector: Pair) -> Pair {
        let low = (lanes % 16).count_ones() as usize;
        let expanded = [
            self.permute(self.load4(from, 0), &EXPAND, lanes),
            self.permute(self.load4(from, low), &EXPAND, lanes >> 4),
        ];
        self.select(self.mask(lanes), expanded, vector)
    }

    #[inline(always)]
    fn outlined<W: Work<Self>>(self, work: W) -> W::Output {
        #[inline(never)]
        #[target_feature(enable = "avx2,fma,bmi1,bmi2,popcnt")]
        fn run<W: Work<Avx2>>(simd: Avx2, work: W) -> W::Output {
            work.with(simd)
        }
        pure!(run(self, work))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_operation_agrees_with_the_portable_one() {
        crate::kernel::simd::tests::assert_agrees(Avx2::detect());
    }
}
