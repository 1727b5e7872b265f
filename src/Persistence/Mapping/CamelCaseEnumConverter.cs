using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace SparseService.Persistence.Mapping;

internal sealed class CamelCaseEnumConverter<TEnum>() : ValueConverter<TEnum, string>(
    value => EnumText.Of(value),
    text => EnumText.Parse<TEnum>(text))
    where TEnum : struct, Enum;
