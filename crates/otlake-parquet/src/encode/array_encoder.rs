//! The encoder of an array that is not nested, by its type.

use arrow_array::cast::AsArray;
use arrow_array::types::Float64Type;
use arrow_array::{Array, ArrayRef};
use arrow_schema::{DataType, TimeUnit};

use crate::encode::boolean_encoder;
use crate::encode::byte_array_encoder::{ByteArrayEncoder, ByteArrays};
use crate::encode::dictionary_array_encoder::DictionaryArrayEncoder;
use crate::encode::double_encoder::DoubleEncoder;
use crate::encode::encoding_memory::EncodingMemory;
use crate::encode::integer_encoder::IntegerEncoder;
use crate::page::page_writer::PageWriter;

/// An encoder of this crate. Types whose values have the same layout share one.
#[derive(Clone, Copy, Debug)]
pub(crate) enum EncoderKind {
    Boolean,
    Double,
    /// Integers of 4 bytes, which are `INT32`.
    NarrowInteger,
    /// Integers of 8 bytes, which are `INT64`.
    WideInteger,
    ByteArray,
    DictionaryArray,
}

impl EncoderKind {
    /// Returns the encoder for a type; `None` if this crate has none.
    pub(crate) fn of(data_type: &DataType) -> Option<Self> {
        use DataType as T;
        use TimeUnit::{Microsecond, Millisecond, Nanosecond};
        Some(match data_type {
            T::Boolean => Self::Boolean,
            T::Float64 => Self::Double,
            T::Int32 | T::Date32 | T::Time32(Millisecond) => Self::NarrowInteger,
            T::Int64
            | T::Timestamp(Millisecond | Microsecond | Nanosecond, _)
            | T::Time64(Microsecond | Nanosecond) => Self::WideInteger,
            T::Utf8 | T::Binary => Self::ByteArray,
            T::Dictionary(key, value) => match (&**key, &**value) {
                (T::Int32, T::Utf8 | T::Binary) => Self::DictionaryArray,
                _ => return None,
            },
            _ => return None,
        })
    }
}

/// One encoder of each kind.
#[derive(Debug, Default)]
pub(crate) struct ArrayEncoder {
    doubles: DoubleEncoder,
    integers: IntegerEncoder,
    byte_arrays: ByteArrayEncoder,
    dictionary_arrays: DictionaryArrayEncoder,
}

impl ArrayEncoder {
    /// Encodes `array`, whose type is of the given kind.
    pub(crate) fn encode(
        &mut self,
        array: &ArrayRef,
        kind: EncoderKind,
        writer: &mut PageWriter<'_>,
    ) {
        let nulls = writer.nulls().map_or(0, |nulls| nulls.null_count());
        if nulls == array.len() {
            writer.write_levels();
            return;
        }
        match kind {
            EncoderKind::Boolean => boolean_encoder::encode(array.as_boolean().values(), writer),
            EncoderKind::Double => {
                let values = array.as_primitive::<Float64Type>().values();
                self.doubles.encode(values, writer);
            }
            // The buffer of an array of integers, whatever their logical type is.
            EncoderKind::NarrowInteger => {
                let data = array.to_data();
                let values = &data.buffer(0)[..data.len()];
                self.integers.encode_narrow(values, writer);
            }
            EncoderKind::WideInteger => {
                let data = array.to_data();
                let values = &data.buffer(0)[..data.len()];
                self.integers.encode_wide(values, writer);
            }
            EncoderKind::ByteArray => self.byte_arrays.encode(ByteArrays::of(array), writer),
            EncoderKind::DictionaryArray => self.dictionary_arrays.encode(array, writer),
        }
    }

    /// Returns the maximum number of bytes by which the buffers grow until they are as large as in `memory`.
    pub(crate) fn growth(&self, memory: &EncodingMemory) -> usize {
        let of = |needed: usize, size: usize| needed.saturating_sub(size);
        of(memory.doubles, self.doubles.memory_size())
            + of(memory.integers, self.integers.memory_size())
            + of(memory.byte_arrays, self.byte_arrays.memory_size())
            + of(
                memory.dictionary_arrays,
                self.dictionary_arrays.memory_size(),
            )
    }

    pub(crate) fn memory_size(&self) -> usize {
        self.doubles.memory_size()
            + self.integers.memory_size()
            + self.byte_arrays.memory_size()
            + self.dictionary_arrays.memory_size()
    }
}
